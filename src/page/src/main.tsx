import { render } from "preact";
import "./design/tokens.css";
import "./design/base.css";
import "./design/parts.css";
import "./design/shell.css";
import { start } from "./data/live";
import { Shell } from "./shell";
import { keepTitle } from "./title";

void start();
keepTitle();
const root = document.getElementById("page");
if (root) render(<Shell />, root);

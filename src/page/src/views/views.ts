/** All views: their word in the address, their name, and what draws them. */
import type { FunctionComponent } from "preact";
import { Curves } from "./curves";
import { Difference } from "./difference";
import { Numbers } from "./numbers";
import { Pictures } from "./pictures";
import { Report } from "./report";
import { Run } from "./run";
import { Runs } from "./runs";
import { Sweeps } from "./sweeps";
import { System } from "./system";

export interface View {
  word: string;
  name: string;
  show: FunctionComponent;
  /** Not in the navigation: it is about one thing and linked from there. */
  inner?: boolean;
  /** Only of use with the server: not in a frozen report. */
  live?: boolean;
}

export const VIEWS: View[] = [
  { word: "runs", name: "Runs", show: Runs },
  { word: "curves", name: "Curves", show: Curves },
  { word: "pictures", name: "Pictures", show: Pictures },
  { word: "numbers", name: "Numbers", show: Numbers },
  { word: "sweeps", name: "Sweeps", show: Sweeps },
  { word: "difference", name: "Differences", show: Difference },
  { word: "system", name: "System", show: System },
  { word: "report", name: "Report", show: Report, live: true },
  { word: "run", name: "Run", show: Run, inner: true },
];

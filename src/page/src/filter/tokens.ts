/** The filter's text as tokens with their places. */

export interface Token {
  kind: "word" | "quoted" | "operator" | "(" | ")" | ",";
  text: string;
  /** Offsets in the filter: first character and one past the last. */
  from: number;
  to: number;
}

/** A sentence about a filter, and where in it. */
export class FilterError extends Error {
  constructor(
    sentence: string,
    readonly from: number,
    readonly to: number,
  ) {
    super(sentence);
  }
}

const OPERATOR = /^(?:!=|<=|>=|==|!~|=|<|>|~)/;
// A word ends at a space, a bracket, a comma, a quote or an operator; "!" and what names are made of stay in it
const WORD = /^[^\s(),"'`=<>~!]+(?:!(?![=~])[^\s(),"'`=<>~!]*)*/;

export function tokens(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const first = rest[0] as string;
    if (/\s/.test(first)) {
      at++;
      continue;
    }
    const token = one(rest, first, at);
    found.push(token);
    at = token.to;
  }
  return found;
}

function one(rest: string, first: string, at: number): Token {
  if (first === "(" || first === ")" || first === ",") return { kind: first, text: first, from: at, to: at + 1 };
  if (first === '"' || first === "'" || first === "`") return quoted(rest, first, at);
  const operator = OPERATOR.exec(rest)?.[0];
  if (operator) return { kind: "operator", text: operator, from: at, to: at + operator.length };
  const word = WORD.exec(rest)?.[0];
  if (!word) throw new FilterError(`“${first}” is no operator; there are =, !=, <, <=, >, >=, ~ and !~`, at, at + 1);
  return { kind: "word", text: word, from: at, to: at + word.length };
}

function quoted(rest: string, mark: string, at: number): Token {
  let text = "";
  for (let i = 1; i < rest.length; i++) {
    if (rest[i] === "\\" && i + 1 < rest.length) text += rest[++i];
    else if (rest[i] === mark) return { kind: "quoted", text, from: at, to: at + i + 1 };
    else text += rest[i];
  }
  throw new FilterError(`the quote ${mark} is not closed`, at, at + rest.length);
}

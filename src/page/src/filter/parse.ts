/**
 * The filter language, from text to a tree:
 *
 *     filter     := and ("or" and)*
 *     and        := not ("and" not)*
 *     not        := "not" not | "(" filter ")" | comparison | words
 *     comparison := column ("=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~") value
 *                 | column "not"? "in" "(" value ("," value)* ")"
 *
 * A word without comparison is looked for in names, ids, groups and tags.
 */
import { FilterError, tokens, type Token } from "./tokens";

export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~";

export interface Word {
  text: string;
  /** Quoted words are text: "null" in quotes is the word, not what is missing. */
  quoted: boolean;
  from: number;
  to: number;
}

export type Tree =
  | { kind: "and" | "or"; parts: Tree[] }
  | { kind: "not"; part: Tree }
  | { kind: "compare"; column: Word; operator: Operator; values: Word[] }
  | { kind: "search"; text: string };

/** Null for an empty filter. Throws FilterError with the place. */
export function parse(text: string): Tree | null {
  const list = tokens(text);
  return list.length === 0 ? null : new Parser(list, text.length).whole();
}

class Parser {
  private at = 0;

  constructor(
    private readonly list: Token[],
    private readonly end: number,
  ) {}

  whole(): Tree {
    const tree = this.either();
    const left = this.list[this.at];
    if (!left) return tree;
    const sentence =
      left.kind === ")"
        ? "this bracket closes nothing"
        : `write “and” or “or” before “${left.text}”; text with spaces goes in quotes`;
    throw new FilterError(sentence, left.from, left.to);
  }

  private either(): Tree {
    const parts = [this.all()];
    while (this.keyword("or")) parts.push(this.all());
    return parts.length === 1 ? (parts[0] as Tree) : { kind: "or", parts };
  }

  private all(): Tree {
    const parts = [this.one()];
    while (this.keyword("and")) parts.push(this.one());
    return parts.length === 1 ? (parts[0] as Tree) : { kind: "and", parts };
  }

  private one(): Tree {
    if (this.keyword("not")) return { kind: "not", part: this.one() };
    const token = this.next("a column, as in “state = running”");
    if (token.kind === "(") {
      const inside = this.either();
      const close = this.list[this.at];
      if (close?.kind !== ")") throw new FilterError("this bracket is not closed", token.from, token.to);
      this.at++;
      return inside;
    }
    if (token.kind !== "word" && token.kind !== "quoted") {
      throw new FilterError(`a column belongs before “${token.text}”, as in “state = running”`, token.from, token.to);
    }
    return this.comparison(token);
  }

  private comparison(column: Token): Tree {
    const operator = this.list[this.at];
    if (operator?.kind === "operator") {
      this.at++;
      const sign = (operator.text === "==" ? "=" : operator.text) as Operator;
      return { kind: "compare", column: word(column), operator: sign, values: [this.thousands(this.value(operator))] };
    }
    if (this.follows("not", "in", "(")) {
      this.at++;
      return { kind: "not", part: this.comparison(column) };
    }
    if (this.follows("in", "(")) {
      this.at += 2;
      const values = [this.value(column)];
      while (this.list[this.at]?.kind === ",") {
        this.at++;
        values.push(this.value(column));
      }
      if (this.next("“)”").kind !== ")")
        throw new FilterError("the list after “in” is not closed", column.from, this.end);
      return { kind: "compare", column: word(column), operator: "=", values };
    }
    if (column.kind === "word" && /^(and|or|not)$/i.test(column.text)) {
      throw new FilterError(
        `a column belongs before “${column.text}”, as in “state = running”`,
        column.from,
        column.to,
      );
    }
    return { kind: "search", text: column.text };
  }

  private value(after: Token): Word {
    const token = this.next(`a value after “${after.text}”`);
    if (token.kind === "word" || token.kind === "quoted") return word(token);
    throw new FilterError(`a value belongs here, not “${token.text}”`, token.from, token.to);
  }

  /** A number with commas between its thousands, as the page shows it: outside of a list a comma means nothing else. */
  private thousands(first: Word): Word {
    let found = first;
    while (/^[-−+]?\d{1,3}(,\d{3})*$/.test(found.text) && !found.quoted) {
      const [comma, next] = this.list.slice(this.at, this.at + 2);
      const beside = comma?.kind === "," && comma.from === found.to && next?.from === comma.to;
      if (!beside || next.kind !== "word" || !/^\d{3}(\D|$)/.test(next.text)) break;
      found = { ...found, text: `${found.text},${next.text}`, to: next.to };
      this.at += 2;
    }
    return found;
  }

  /** Whether these come next: words, whatever the case of their letters, and signs. */
  private follows(...texts: string[]): boolean {
    return texts.every((text, k) => {
      const token = this.list[this.at + k];
      return token?.kind !== "quoted" && token?.text.toLowerCase() === text;
    });
  }

  private keyword(text: string): boolean {
    const token = this.list[this.at];
    // A column may be called "not" or "in": before an operator a word is a column
    if (token?.kind !== "word" || token.text.toLowerCase() !== text) return false;
    if (this.list[this.at + 1]?.kind === "operator") return false;
    this.at++;
    return true;
  }

  private next(wanted: string): Token {
    const token = this.list[this.at++];
    if (!token) throw new FilterError(`the filter ends where ${wanted} belongs`, this.end, this.end);
    return token;
  }
}

function word({ text, kind, from, to }: Token): Word {
  return { text, quoted: kind === "quoted", from, to };
}

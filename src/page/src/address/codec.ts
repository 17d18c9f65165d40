/** The address part after `#`: the view, what it is of, and every choice made in it. */

export interface Address {
  /** First word of the path: which view. */
  view: string;
  /** The rest of the path: what the view is of, as a run's id or a sweep's name. */
  path: string[];
  query: Record<string, string>;
}

// Readable characters stay: an address is read and edited by people
const PLAIN: Record<string, string> = {
  "%2F": "/",
  "%2C": ",",
  "%3A": ":",
  "%40": "@",
  "%24": "$",
  "%3B": ";",
  "%3E": ">",
  "%3C": "<",
  "%5C": "\\",
  "%20": "+",
};

function pack(text: string): string {
  return encodeURIComponent(text).replace(/%(2F|2C|3A|40|24|3B|3E|3C|5C|20)/g, (code) => PLAIN[code] ?? code);
}

function unpack(text: string): string {
  const spaced = text.replace(/\+/g, " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced; // a lone % in an address typed by hand
  }
}

/** Views that are called otherwise in the navigation than in the address. */
const CALLED: Record<string, string> = { differences: "difference" };

export function readAddress(hash: string, home = "runs"): Address {
  const text = hash.replace(/^#?\/?/, "");
  const mark = text.indexOf("?");
  const place = mark < 0 ? text : text.slice(0, mark);
  const [view, ...path] = place
    .split("/")
    .filter((word) => word !== "")
    .map(unpack);
  const query: Record<string, string> = {};
  for (const pair of mark < 0 ? [] : text.slice(mark + 1).split("&")) {
    const equals = pair.indexOf("=");
    if (pair !== "")
      query[unpack(equals < 0 ? pair : pair.slice(0, equals))] = equals < 0 ? "" : unpack(pair.slice(equals + 1));
  }
  return { view: CALLED[view ?? ""] ?? view ?? home, path, query };
}

export function writeAddress({ view, path, query }: Address): string {
  // A word of the path must not fall apart at its own slashes
  const place = [view, ...path].map((word) => pack(word).replace(/\//g, "%2F")).join("/");
  const pairs = Object.entries(query).map(([key, value]) => `${pack(key)}=${pack(value)}`);
  return `#/${place}${pairs.length > 0 ? `?${pairs.join("&")}` : ""}`;
}

/** A list in one value: commas between, a comma or backslash in an item behind a backslash. Holes (empty items) stay. */
export function writeList(items: readonly string[]): string {
  return items.map((item) => item.replace(/[\\,]/g, "\\$&")).join(",");
}

export function readList(text: string | undefined): string[] {
  if (text === undefined || text === "") return [];
  const items: string[] = [];
  let item = "";
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\" && at + 1 < text.length) item += text[++at];
    else if (text[at] === ",") {
      items.push(item);
      item = "";
    } else item += text[at];
  }
  return [...items, item];
}

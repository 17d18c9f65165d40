/** Questions to the server, or to the answer book that a frozen report carries. */
import { frozen, frozenAnswer, frozenRefusal } from "./frozen";

/** What went wrong, as one sentence for people. */
export class Refusal extends Error {
  constructor(
    sentence: string,
    readonly status: number,
  ) {
    super(sentence);
  }
}

export type Params = Record<string, string | number | boolean | readonly string[] | null | undefined>;

/** Path and query with parameters sorted by name, lists joined by commas, what is null left out: the key of an answer. */
export function requestPath(path: string, params: Params = {}): string {
  const pairs = Object.entries(params)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => [key, Array.isArray(value) ? value.join(",") : String(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`);
  return pairs.length > 0 ? `${path}?${pairs.join("&")}` : path;
}

async function fetched(path: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Refusal("The board does not answer: is `kirie board` still running?", 0);
  }
  if (!answer.ok) throw new Refusal(await sentenceOf(answer), answer.status);
  return answer;
}

async function sentenceOf(answer: Response): Promise<string> {
  try {
    const said: unknown = await answer.json();
    if (typeof said === "object" && said !== null && "error" in said) return String(said.error);
  } catch {
    // not JSON: the status has to do
  }
  return `The board answered ${answer.status} ${answer.statusText}.`;
}

function fromBook(key: string): unknown {
  const answer = frozenAnswer(key);
  if (answer === undefined) {
    const why = frozenRefusal(key) ?? "This report was frozen without this part; open the board itself for it.";
    throw new Refusal(why, 404);
  }
  return answer;
}

/** Whether a question can be asked: the server takes each, a report those that it was frozen with, refused or not. */
export function inBook(path: string, params: Params): boolean {
  if (!frozen) return true;
  const key = requestPath(path, params);
  return frozenAnswer(key) !== undefined || frozenRefusal(key) !== undefined;
}

/** GET as JSON. Throws Refusal with the server's sentence; an AbortError when cancelled. */
export async function ask<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  const key = requestPath(path, params);
  if (frozen) return fromBook(key) as T;
  return (await (await fetched(key, { signal: signal ?? null })).json()) as T;
}

/** POST of JSON, answered by JSON. */
export async function send<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  if (frozen) throw new Refusal("A frozen report cannot be changed; open the board itself for that.", 405);
  return (await (await posted(path, body, signal)).json()) as T;
}

/** POST of JSON, answered by bytes. */
export async function sendForBytes(path: string, body: unknown, signal?: AbortSignal): Promise<ArrayBuffer> {
  return (await posted(path, body, signal)).arrayBuffer();
}

function posted(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const headers = { "Content-Type": "application/json" };
  return fetched(path, { method: "POST", headers, body: JSON.stringify(body), signal: signal ?? null });
}

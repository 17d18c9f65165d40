/** What the server says by itself: new rows of runs, progress of indexing, what keeps it from that, and that it is gone. */
import { signal } from "@preact/signals";
import { ask } from "./ask";
import { book, frozen } from "./frozen";
import { refreshRuns } from "./runs";

export interface Board {
  folder: string;
  version: string;
  frozen: boolean;
  indexing: { done: number; total: number };
  refreshed: number;
  /** Why the cache or the reading is not as it should be. */
  trouble?: string | null;
  /** What a report was frozen without, in sentences. */
  notes?: string[];
}

export const board = signal<Board | null>(null);
export const indexing = signal({ done: 0, total: 0 });
/** False while the server does not answer. */
export const connected = signal(true);

export async function start(): Promise<void> {
  if (book?.view && location.hash === "") location.hash = book.view;
  await Promise.all([refreshRuns(), readBoard()]);
  if (frozen) return;
  const events = new EventSource("/api/events");
  events.addEventListener("open", () => {
    // What happened while the line was down
    if (!connected.peek()) void refreshRuns();
    connected.value = true;
  });
  events.addEventListener("error", () => (connected.value = false));
  events.addEventListener("runs", () => void refreshRuns());
  events.addEventListener("trouble", (event) => {
    const trouble = JSON.parse((event as MessageEvent<string>).data) as string;
    if (board.value && board.value.trouble !== trouble) board.value = { ...board.value, trouble };
  });
  events.addEventListener("index", (event) => {
    indexing.value = JSON.parse((event as MessageEvent<string>).data) as { done: number; total: number };
  });
}

async function readBoard(): Promise<void> {
  try {
    const answer = await ask<Board>("/api/board");
    board.value = answer;
    indexing.value = answer.indexing;
  } catch {
    connected.value = frozen;
  }
}

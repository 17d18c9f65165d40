/** A question as a hook: asked anew when it changes, cancelled when it is not wanted any more. */
import { useEffect, useState } from "preact/hooks";
import { ask, requestPath, type Params } from "./ask";

export interface Answer<T> {
  /** The last good answer; while a new one is on its way, still the old one. */
  data: T | null;
  /** The sentence of the last failure. */
  error: string | null;
  busy: boolean;
}

const NOTHING = { data: null, error: null, busy: false };

/** Asks for JSON. `path` null asks nothing; `version` asks again when it changes, as when runs have new rows. */
export function useAnswer<T>(path: string | null, params: Params = {}, version: unknown = 0): Answer<T> {
  const key = path === null ? null : requestPath(path, params);
  return usePromise<T>(key, (signal) => ask<T>(path ?? "", params, signal), version);
}

/** The same for any promise, as the binary curves: `key` names what is asked. A key of null asks nothing. */
export function usePromise<T>(
  key: string | null,
  start: (signal: AbortSignal) => Promise<T>,
  version: unknown = 0,
): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T>>(key === null ? NOTHING : { ...NOTHING, busy: true });
  useEffect(() => {
    if (key === null) return setAnswer(NOTHING);
    const cancel = new AbortController();
    setAnswer((before) => ({ ...before, busy: true }));
    start(cancel.signal).then(
      (data) => !cancel.signal.aborted && setAnswer({ data, error: null, busy: false }),
      (error: Error) =>
        !cancel.signal.aborted && setAnswer((before) => ({ data: before.data, error: error.message, busy: false })),
    );
    return () => cancel.abort();
  }, [key, version]);
  return answer;
}

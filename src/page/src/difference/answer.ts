/** What /api/difference answers. */

export interface Entry {
  key: string;
  a: unknown;
  b: unknown;
  /** The run that alone has it. */
  only?: "a" | "b";
  /** Of the environment. */
  kind?: "machine" | "package";
}

export interface Code {
  commit: string | null;
  dirty?: boolean | null;
  /** Changes that were in no commit were kept with the run. */
  uncommitted?: unknown;
}

export interface DifferenceAnswer {
  config: Entry[];
  code: {
    a: Code;
    b: Code;
    same_training_code?: boolean | null;
    diff: string | null;
    /** The diff was too long and is not whole. */
    cut?: boolean;
    reason?: string;
  };
  data: {
    a: string | null;
    b: string | null;
    of?: string;
    came: string[];
    went: string[];
    changed: string[];
    counts?: { came: number; went: number; changed: number; same: number };
    reason?: string;
  };
  environment: Entry[];
}

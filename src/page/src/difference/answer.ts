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
  /** The changes that were in no commit, as a diff; null if the run kept none. */
  uncommitted?: string | null;
  /** They were too long and are not whole. */
  cut?: boolean;
}

export interface DifferenceAnswer {
  config: Entry[];
  code: {
    a: Code;
    b: Code;
    same_training_code?: boolean | null;
    /** Whether what was in no commit was the same; null where nobody can tell. */
    same_changes: boolean | null;
    diff: string | null;
    /** The diff was too long and is not whole. */
    cut?: boolean;
    reason?: string;
  };
  data: {
    a: string | null;
    b: string | null;
    same: boolean;
    /** One version of the annotations was prepared or split in two ways. */
    prepared: boolean;
    of?: string;
    came: string[];
    went: string[];
    changed: string[];
    counts?: { came: number; went: number; changed: number; same: number | null };
    reason?: string;
  };
  environment: Entry[];
}

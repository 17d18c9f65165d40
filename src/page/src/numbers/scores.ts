/** Which scores two runs can be compared by, as /api/scores tells of each. */

export interface Offer {
  /** Of the run's table; the first is the default. */
  scores: { score: string; name: string }[];
  /** Whether they are kirie's, from 0 to 1. */
  counted: boolean;
  /** Whether it has scores of single labels. */
  by_label: boolean;
}

export interface ScoresAnswer {
  runs: Record<string, Offer>;
}

/** The scores of both runs, as options; those of the first where they have none in common, or there is no second. */
export function shared(offers: ScoresAnswer["runs"], a: string, b: string): [string, string][] {
  const first = offers[a]?.scores ?? [];
  const second = new Set(offers[b]?.scores.map(({ score }) => score));
  const both = first.filter(({ score }) => second.has(score));
  return (both.length > 0 ? both : first).map(({ score, name }) => [score, name]);
}

/** Whether it is known that a run lacks a score that another has; of scores that are not offered nothing is known. */
export function lacks(offers: ScoresAnswer["runs"], run: string, base: string, score: string): boolean {
  const has = (id: string) => offers[id]?.scores.some((one) => one.score === score) ?? false;
  return has(base) && offers[run] !== undefined && !has(run);
}

/** What a pair's scores are told times: points of 100 where one of the two is kirie's, else as they were logged. */
export function factorOf(offers: ScoresAnswer["runs"], a: string, b: string): number {
  const tables = [offers[a], offers[b]].filter((offer) => offer !== undefined && offer.scores.length > 0);
  return tables.length === 0 || tables.some((offer) => offer?.counted) ? 100 : 1;
}

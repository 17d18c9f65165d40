/** How far the seed alone moves the score: runs that differ in nothing else, as dots with their mean's interval. */
import { useAnswer } from "../data/answer";
import { runVar } from "../design/colors";
import { nameOf } from "../data/runs";
import { Failure } from "../parts/basics";
import { useSize } from "../parts/canvas";
import type { SeedGroup } from "./answer";
import { drawingRoom, scaleOf, type Scale } from "./scale";
import { points } from "./shade";

interface Props {
  /** Runs that the server is asked for, and those of them that show. */
  asked: string[];
  runs: string[];
  split: string;
  score: string;
  /** What scores are told times. */
  factor: number;
  version: unknown;
}

export function Seeds({ asked, runs, split, score, factor, version }: Props) {
  const { data, error } = useAnswer<{ groups: SeedGroup[] }>("/api/seeds", { runs: asked, split, score }, version);
  const [box, { width }] = useSize<HTMLDivElement>();
  const groups = data?.groups.filter((group) => group.runs.some((run) => runs.includes(run))) ?? [];
  const values = groups.flatMap((group) => [...group.values, group.low, group.high]).filter((value) => value !== null);
  const room = drawingRoom(width);
  const scale = scaleOf(values, 26, room - 26, false);
  const written = (value: number | null): string =>
    points(value, factor === 100 ? Math.max(1, scale.digits()) : scale.digits(factor) + 1, factor);
  return (
    <section class="panel" aria-label="Over seeds">
      <header>
        <h2 class="grow">Over seeds</h2>
      </header>
      <div ref={box} class="body told">
        {error && <Failure>{error}</Failure>}
        {data && groups.length === 0 && (
          <p class="muted">
            No two of the selected runs differ in their seed alone. Train one configuration with other seeds to see how
            far luck moves the score.
          </p>
        )}
        {groups.length > 0 && (
          <div class="scroll">
            <table class="plain forest">
              <thead>
                <tr>
                  <th scope="col">Runs</th>
                  <th scope="col" class="number">
                    Seeds
                  </th>
                  <th scope="col" class="number">
                    Mean
                  </th>
                  <th scope="col">Interval of the mean</th>
                  <th scope="col" class="wide">
                    <svg width={room} height={16} aria-hidden="true">
                      {scale.ticks.map((value) => (
                        <text class="tick" x={scale.at(value)} y={12} text-anchor="middle">
                          {points(value, scale.digits(factor), factor)}
                        </text>
                      ))}
                    </svg>
                  </th>
                </tr>
              </thead>
              <tbody>
                {groups.map((group) => (
                  <tr>
                    <th scope="row" class="text">
                      {group.name}
                    </th>
                    <td class="number">{group.runs.length}</td>
                    <td class="number">
                      <b>{written(group.mean)}</b>
                    </td>
                    <td class="muted nowrap">
                      [{written(group.low)}, {written(group.high)}]
                    </td>
                    <td>
                      <Dots group={group} scale={scale} width={room} written={written} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </div>
    </section>
  );
}

interface DotsProps {
  group: SeedGroup;
  scale: Scale;
  width: number;
  written: (value: number | null) => string;
}

function Dots({ group, scale, width, written }: DotsProps) {
  const { low, high, mean } = group;
  return (
    <svg
      class="interval"
      width={width}
      height={24}
      role="img"
      aria-label={`Scores ${group.values.map(written).join(", ")}`}
    >
      {low !== null && high !== null && (
        <rect
          class="band"
          x={scale.at(low)}
          y={5}
          width={Math.max(1, scale.at(high) - scale.at(low))}
          height={14}
          rx={3}
        />
      )}
      {mean !== null && <line class="middle" x1={scale.at(mean)} x2={scale.at(mean)} y1={3} y2={21} />}
      {group.values.map((value, index) => {
        const run = group.runs[index] ?? "";
        if (value === null) return null;
        return (
          <circle cx={scale.at(value)} cy={12} r={4.5} style={{ "--mine": runVar(run) }}>
            <title>
              {nameOf(run)}: {written(value)}
            </title>
          </circle>
        );
      })}
    </svg>
  );
}

/** What a run is, at a glance: facts, last values, where it came from and ran. */
import type { ComponentChildren } from "preact";
import { link } from "../address/address";
import { bytes, duration, logged, moment, number, plural } from "../design/words";
import { flat, lastValues, type Detail, type Json } from "./detail";
import { readable } from "./environment";
import { Pairs } from "./tree";

function Facts({ rows }: { rows: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {rows
        .filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== "–")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function Panel({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
      </header>
      <div class="body scroll">{children}</div>
    </section>
  );
}

function record(value: Json | undefined | null): [string, Json][] {
  return value === null || value === undefined ? [] : flat(value).filter(([, one]) => one !== null && one !== "");
}

export function Overview({ run }: { run: Detail }) {
  const { numbers, others } = lastValues(run.summary);
  const git = record(run.git as Json);
  const data = record(run.data_version ?? run.data);
  const versions = record(run.versions as Json);
  const environment = record(run.environment as Json).map(readable);
  const hours = run.cost?.device_hours;
  return (
    <div class="overview">
      <Panel title="Run">
        <Facts
          rows={[
            ["Id", <code>{run.id}</code>],
            ["Project", run.project],
            ["Group", run.group],
            ["Sweep", run.sweep && <a href={link("sweeps", [run.sweep], {})}>{run.sweep}</a>],
            ["Started", moment(run.started)],
            ["Last sign", moment(run.updated)],
            ["Runtime", duration(run.runtime)],
            ["Last step", number(run.steps)],
            ["Exit code", run.exit_code],
            ["Host", run.host],
            ["Folder", run.folder && <code>{run.folder}</code>],
            ["Device hours", hours === null || hours === undefined ? null : number(hours)],
            ["Note", run.note && <span class="text">{run.note}</span>],
            ["Notes in the log", run.notes && <span class="text">{run.notes}</span>],
          ]}
        />
      </Panel>
      <Panel title="Last values">
        {numbers.length === 0 && others.length === 0 ? (
          <p class="muted">Nothing has been logged yet.</p>
        ) : (
          <>
            <table class="plain">
              <tbody>
                {numbers.map(([key, value]) => (
                  <tr key={key}>
                    <th scope="row">
                      <a href={link("curves", [], { metrics: key.replace(/[\\,]/g, "\\$&") })}>{key}</a>
                    </th>
                    <td class="number" title={String(value)}>
                      {logged(value)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            {others.length > 0 && <Pairs rows={others} />}
          </>
        )}
      </Panel>
      {git.length > 0 && (
        <Panel title="Code">
          <Pairs rows={git} />
        </Panel>
      )}
      {data.length > 0 && (
        <Panel title="Data version">
          <Pairs rows={data.map(([key, value]) => [key || "version", value] as const)} />
        </Panel>
      )}
      {environment.length > 0 && (
        <Panel title="Environment">
          <Pairs rows={environment} />
        </Panel>
      )}
      {versions.length > 0 && (
        <Panel title="Versions">
          <Pairs rows={versions} />
        </Panel>
      )}
      <Panel title={plural(run.segments?.length ?? 0, "log file")}>
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col">Started</th>
              <th scope="col" class="number">
                Size
              </th>
              <th scope="col" class="number">
                Exit
              </th>
            </tr>
          </thead>
          <tbody>
            {(run.segments ?? []).map((segment) => (
              <tr key={segment.path}>
                <td>
                  <code class="text">{segment.path}</code>
                </td>
                <td style={{ whiteSpace: "nowrap" }}>{moment(segment.started)}</td>
                <td class="number" style={{ whiteSpace: "nowrap" }}>
                  {segment.bytes === null ? "–" : bytes(segment.bytes)}
                </td>
                <td class="number">{segment.exit ?? "none"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Panel>
    </div>
  );
}

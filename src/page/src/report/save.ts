/** Fetches a report and hands it to the browser to keep. */

/** Asks for the report of a view and saves it. Returns its size in bytes; throws the server's sentence. */
export async function saveReport(view: string): Promise<number> {
  const answer = await fetch(`/api/report?view=${encodeURIComponent(view)}`, { credentials: "same-origin" }).catch(
    () => {
      throw new Error("The board does not answer: is `kirie board` still running?");
    },
  );
  if (!answer.ok) {
    const said = (await answer.json().catch(() => null)) as { error?: string } | null;
    throw new Error(said?.error ?? `The board answered ${answer.status}.`);
  }
  const file = await answer.blob();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = nameIn(answer.headers.get("Content-Disposition")) ?? "report.html";
  link.click();
  // The browser has taken it by then; the bytes need not stay
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  return file.size;
}

/** The file's name that the server proposes; nothing that leads into another folder. */
export function nameIn(disposition: string | null): string | null {
  const name = /filename="([^"/\\]+)"/.exec(disposition ?? "")?.[1];
  return name === undefined || name.startsWith(".") ? null : name;
}

/** What was thrown, in words. */
export function text(error: unknown): string {
  return error instanceof Error ? error.message : JSON.stringify(error);
}

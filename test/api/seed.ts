/** Where random situations start: `SEED=n` replays a run; fast-check prints seed and path when one fails. */
export const RUN: { numRuns: number; seed: number } = { numRuns: 1_000, seed: Number(process.env['SEED'] ?? 1) }

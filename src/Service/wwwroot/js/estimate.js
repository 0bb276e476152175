/** How long a video will take, from the videos that a device of the same kind made before. */

const median = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const Alike = 1.5; // lengths that differ by less say nothing of the slope

/**
 * Seconds to make a video of a length: the median by length (Theil and Sen's line) of the videos with the same model and settings that
 * the device of the latest one made, or null.
 * @param jobs finished jobs, newest first; @param asked model, preset, size and steps of the new video
 */
export function estimate(jobs, asked, seconds) {
  const like = jobs.filter(job => job.status === "succeeded" && job.result.seconds > 0 && isLike(job, asked));
  const done = like.filter(job => job.result.device === like[0].result.device)
    .slice(0, 15).map(job => ({ length: job.result.seconds, took: job.result.generation_seconds }));
  if (done.length === 0) return null;
  const slopes = done.flatMap((one, number) => done.slice(number + 1)
    .filter(other => Math.max(one.length, other.length) > Alike * Math.min(one.length, other.length))
    .map(other => (one.took - other.took) / (one.length - other.length)).filter(slope => slope > 0));
  // Videos of one length give no line: then the time grows with the length.
  if (slopes.length === 0) return seconds * median(done.map(one => one.took / one.length));
  const slope = median(slopes);
  return Math.max(median(done.map(one => one.took)) / 10, median(done.map(one => one.took - slope * one.length)) + slope * seconds);
}

const isLike = (job, asked) => ["model", "preset", "size", "steps"].every(name => (job[name] ?? null) === (asked[name] ?? null) || isUsual(job, asked, name));

/** A job says only what was asked: nothing is the model's default. */
const isUsual = (job, asked, name) => (job[name] ?? asked.usual[name] ?? null) === (asked[name] ?? asked.usual[name] ?? null);

/** Draws a sound's outline and tells its length. */

const Bars = 80;

/** Length in seconds, or null when the browser cannot decode the sound (the service may still). */
export async function drawWave(canvas, bytes) {
  let sound;
  const context = new AudioContext();
  try {
    sound = await context.decodeAudioData(bytes);
  } catch {
    return null;
  } finally {
    context.close();
  }
  const samples = sound.getChannelData(0);
  const paint = canvas.getContext("2d");
  const gradient = paint.createLinearGradient(0, 0, canvas.width, 0);
  gradient.addColorStop(0, "#7c5cff");
  gradient.addColorStop(1, "#ff5c8a");
  paint.fillStyle = gradient;
  const span = Math.max(1, Math.floor(samples.length / Bars));
  const peaks = Array.from({ length: Bars }, (_, bar) => peak(samples, bar * span, span));
  const highest = Math.max(...peaks, 0.01);
  const width = canvas.width / Bars;
  peaks.forEach((value, bar) => {
    const height = Math.max(3, value / highest * canvas.height * 0.92);
    paint.beginPath();
    paint.roundRect(bar * width + width * 0.2, (canvas.height - height) / 2, width * 0.6, height, width * 0.3);
    paint.fill();
  });
  return sound.duration;
}

function peak(samples, from, count) {
  let highest = 0;
  const stride = Math.max(1, Math.floor(count / 400));
  for (let at = from; at < Math.min(from + count, samples.length); at += stride) highest = Math.max(highest, Math.abs(samples[at]));
  return highest;
}

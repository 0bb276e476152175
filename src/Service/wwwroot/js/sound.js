/** A voice in the browser: its samples, what is wrong with them, its outline, and the part that is kept. */

import { make, clock, decimal, stem } from "./util.js";
import { t } from "./texts.js";

const Bars = 90;
// A decoded sound takes 0.4 MB a second and would fill the memory of the browser.
const LargestDecoded = 60e6, LongestDecoded = 900;
const MetadataPatience = 2000;
const SilentPeak = 0.005; // -46 dB
const QuietLoudness = 0.012;
const ClippedAt = 0.999;
const ClippedShare = 0.001;
const LongSilence = 1.5;

/** Decodes the file that a player has; null when it is too long or the browser cannot (the service may still). */
export async function decode(file, player) {
  if (file.size > LargestDecoded || await lengthOf(player) > LongestDecoded) return null;
  const context = new AudioContext();
  try {
    return await context.decodeAudioData(await file.arrayBuffer());
  } catch {
    return null;
  } finally {
    context.close();
  }
}

/** Seconds; NaN when the player cannot tell, as for a recording, or does not in time: browsers that save data may not read the file. */
async function lengthOf(player) {
  if (player.readyState < HTMLMediaElement.HAVE_METADATA) {
    await new Promise(done => {
      player.addEventListener("loadedmetadata", done, { once: true });
      player.addEventListener("error", done, { once: true });
      setTimeout(done, MetadataPatience);
    });
  }
  return Number.isFinite(player.duration) ? player.duration : NaN;
}

const channelsOf = sound => Array.from({ length: sound.numberOfChannels }, (_, number) => sound.getChannelData(number));

/** The samples of the loudest channel: the voice may be on any of them, and a mix of them may cancel it. */
function loudest(sound) {
  const energy = samples => {
    let sum = 0;
    for (let at = 0; at < samples.length; at += 8) sum += samples[at] * samples[at];
    return sum;
  };
  const [first] = channelsOf(sound).map(samples => ({ samples, energy: energy(samples) })).sort((a, b) => b.energy - a.energy);
  return first.samples;
}

/** Finds silence and clipping between two times; gives a sentence that says what to do, or null. */
export function judge(sound, from, to) {
  const samples = loudest(sound).subarray(Math.floor(from * sound.sampleRate), Math.ceil(to * sound.sampleRate));
  let peak = 0, clipped = 0, sum = 0;
  for (const value of samples) {
    const level = Math.abs(value);
    if (level > peak) peak = level;
    if (level >= ClippedAt) clipped++;
    sum += value * value;
  }
  if (peak < SilentPeak) return { isSilent: true, text: t("This sound is silent: the mouth would not move. Choose another file, or record again nearer to the microphone.") };
  if (clipped > ClippedShare * samples.length) return { text: t("This sound is clipped: it is too loud in places. Record it again at a lower level if the lips look wrong.") };
  if (Math.sqrt(sum / samples.length) < QuietLoudness) return { text: t("This sound is very quiet. It is made louder, and so is its noise.") };
  const lead = samples.findIndex(value => Math.abs(value) > peak / 20) / sound.sampleRate;
  if (lead > LongSilence) return { text: t("The first {seconds} s are silent. Drag the left end of the wave to leave them out.", { seconds: decimal(lead) }) };
  return null;
}

/** The part of a sound between two times as a WAV file. It has all channels, since the service knows how to mix them. */
export function cutSound(sound, from, to, name) {
  const [first, last] = [from, to].map(time => Math.round(time * sound.sampleRate));
  const channels = channelsOf(sound);
  const frame = 2 * channels.length;
  const bytes = new DataView(new ArrayBuffer(44 + frame * (last - first)));
  const write = (at, text) => [...text].forEach((letter, number) => bytes.setUint8(at + number, letter.charCodeAt(0)));
  write(0, "RIFF"); bytes.setUint32(4, bytes.byteLength - 8, true); write(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true); bytes.setUint16(20, 1, true); bytes.setUint16(22, channels.length, true);
  bytes.setUint32(24, sound.sampleRate, true); bytes.setUint32(28, frame * sound.sampleRate, true);
  bytes.setUint16(32, frame, true); bytes.setUint16(34, 16, true); write(36, "data"); bytes.setUint32(40, frame * (last - first), true);
  for (let at = first, to = 44; at < last; at++) {
    for (const samples of channels) {
      bytes.setInt16(to, Math.max(-1, Math.min(1, samples[at])) * 32767, true);
      to += 2;
    }
  }
  return new File([bytes], `${stem(name)}.wav`, { type: "audio/wav" });
}

/** The outline of a sound with two handles for the part that is kept. */
export class Wave {
  constructor(sound, onTrim) {
    this.sound = sound;
    this.onTrim = onTrim;
    this.canvas = make("canvas", { width: 540, height: 108, "aria-hidden": "true" });
    const handle = (label, value) => make("input", { type: "range", min: 0, max: sound.duration, step: 0.01, value, "aria-label": label });
    this.start = handle(t("Start of the voice"), 0);
    this.end = handle(t("End of the voice"), sound.duration);
    for (const input of [this.start, this.end]) {
      input.addEventListener("input", () => this.move(input));
      input.addEventListener("change", () => this.onTrim());
    }
    this.element = make("div", { class: "wave" }, this.canvas, this.start, this.end);
    this.peaks = peaksOf(sound);
    this.draw();
  }

  get from() { return Number(this.start.value); }

  get to() { return Number(this.end.value); }

  get seconds() { return this.to - this.from; }

  get isTrimmed() { return this.from > 0.005 || this.to < this.sound.duration - 0.015; }

  trim(from, to) {
    this.start.value = from;
    this.end.value = to;
    this.draw();
  }

  move(input) {
    const least = Math.min(0.3, this.sound.duration);
    if (input === this.start) this.start.value = Math.min(this.from, this.to - least);
    else this.end.value = Math.max(this.to, this.from + least);
    this.draw();
  }

  draw() {
    const { canvas, peaks, sound } = this;
    const paint = canvas.getContext("2d");
    const gradient = paint.createLinearGradient(0, 0, canvas.width, 0);
    gradient.addColorStop(0, "#7c5cff");
    gradient.addColorStop(1, "#ff5c8a");
    paint.clearRect(0, 0, canvas.width, canvas.height);
    paint.fillStyle = gradient;
    const highest = Math.max(...peaks, 0.01);
    const width = canvas.width / Bars;
    peaks.forEach((value, bar) => {
      const time = (bar + 0.5) / Bars * sound.duration;
      paint.globalAlpha = time >= this.from && time <= this.to ? 1 : 0.22;
      const height = Math.max(3, value / highest * canvas.height * 0.92);
      paint.beginPath();
      paint.roundRect(bar * width + width * 0.2, (canvas.height - height) / 2, width * 0.6, height, width * 0.3);
      paint.fill();
    });
    for (const input of [this.start, this.end]) input.setAttribute("aria-valuetext", clock(Number(input.value)));
  }
}

function peaksOf(sound) {
  const samples = loudest(sound);
  const span = Math.max(1, Math.floor(samples.length / Bars));
  return Array.from({ length: Bars }, (_, bar) => {
    let highest = 0;
    for (let at = bar * span; at < Math.min((bar + 1) * span, samples.length); at += Math.max(1, Math.floor(span / 400))) highest = Math.max(highest, Math.abs(samples[at]));
    return highest;
  });
}

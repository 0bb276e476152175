// LANES threads, at most a warp, compute one pixel. In and out: half16, contiguous channels. y = x / max(|x|, 1e-12) * sqrt(channels) * gamma in
// float32, then silu(y) = y / (1 + exp(-y)), rounded once. Memory traffic for each value: 2 bytes in, 2 TAPS out.
// Every frame of `area` pixels is written TAPS times: as the last part of the channels of its own frame, and as earlier parts of later frames.
extern "C" __global__ void __launch_bounds__(256, 4) channel_norm_silu(
    const half16* __restrict__ x, const half16* __restrict__ gamma, half16* __restrict__ out, long long pixels, long long area, float root)
{
    long long pixel = ((long long)blockIdx.x * 256 + threadIdx.x) / LANES;
    bool there = pixel < pixels; // threads without a pixel still take part in the sums of their warp
    int lane = threadIdx.x % LANES;
    Eight held[VECTORS];
    load_row(x + (there ? pixel : 0) * WIDTH, lane, held);
    float factor = root / fmaxf(sqrtf(row_squares(held)), 1e-12f);
    #pragma unroll
    for (int k = 0; k < VECTORS; k++)
    {
        int at = place(k, lane);
        float values[8], times[8];
        widen(held[k], values);
        parameters(gamma + at, WIDTH - at, times);
        #pragma unroll
        for (int i = 0; i < 8; i++) values[i] = values[i] * factor * times[i];
        #pragma unroll
        for (int i = 0; i < 8; i++) values[i] *= reciprocal(1.0f + power_of_two(-1.442695041f * values[i]));
        held[k] = rounded(values);
    }
    if (!there) return;
#if TAPS == 1
    store_row(out + pixel * WIDTH, lane, held);
#else
    long long rest = pixels - pixel; // pixels of the video from this one on
    #pragma unroll
    for (int tap = TAPS - 1; tap >= 0; tap--, pixel += area, rest -= area)
        if (rest > 0) store_row(out + (pixel * TAPS + tap) * WIDTH, lane, held);
#endif
}

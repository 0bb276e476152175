// One warp a pixel. In and out: bf16, channels without gaps. y = x / max(|x|, 1e-12) * sqrt(channels) * gamma in float32, rounded to
// bf16 as the plain path rounds, then silu(y) = y / (1 + exp(-y)).
extern "C" __global__ void channel_norm_silu(const bf16* x, const bf16* gamma, bf16* out, long long pixels, int channels, float root, int wide)
{
    long long pixel = (long long)blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5);
    if (pixel >= pixels) return; // the whole warp
    int lane = threadIdx.x & 31;
    const bf16* from = x + pixel * channels;
    float squares = 0.0f;
    for (int at = lane * 8; at < channels; at += 256)
    {
        int count = min(8, channels - at);
        float values[8];
        load(from, at, count, wide, values);
        #pragma unroll
        for (int i = 0; i < 8; i++) if (i < count) squares += values[i] * values[i];
    }
    float factor = root / fmaxf(sqrtf(warp_sum(squares)), 1e-12f);
    for (int at = lane * 8; at < channels; at += 256)
    {
        int count = min(8, channels - at);
        float values[8], times[8];
        load(from, at, count, wide, values);
        load(gamma, at, count, wide, times);
        #pragma unroll
        for (int i = 0; i < 8; i++)
            if (i < count)
            {
                float y = widen(rounded(values[i] * factor * times[i]));
                values[i] = y / (1.0f + expf(-y));
            }
        store(out + pixel * channels, at, count, wide, values);
    }
}

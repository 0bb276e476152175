// One block computes one token. In: half16 rows of all heads. x / sqrt(mean(x^2) + epsilon) * weight over the whole row; with TURNED, then every pair of
// neighbouring values is rotated by the token's angles. Computed in float32 and rounded to half16 where the plain path rounds.
// turns: [tokens, HEAD / 2] (cos, sin). Out: half16. The width of a head is a multiple of 8, so a vector is inside one head. Memory traffic for each
// value: 2 bytes in, 2 out.
extern "C" __global__ void __launch_bounds__(LANES, RESIDENT) rms_rotary(
    const half16* __restrict__ x, long long stride, const half16* __restrict__ weight, const float* __restrict__ turns, unsigned tokens, half16* __restrict__ out, float epsilon)
{
    unsigned index = blockIdx.x;
    int lane = threadIdx.x;
    Eight held[VECTORS];
    load_row(x + index * stride, lane, held);
    float scale = rsqrtf(row_squares(held) / WIDTH + epsilon);
#if TURNED
    const float* turn = turns + (long long)(index % tokens) * HEAD;
#endif
    #pragma unroll
    for (int k = 0; k < VECTORS; k++)
    {
        int at = place(k, lane);
        float values[8], times[8];
        widen(held[k], values);
        parameters(weight + at, WIDTH - at, times);
        #pragma unroll
        for (int i = 0; i < 8; i++) values[i] *= scale;
        widen(rounded(values), values);
        #pragma unroll
        for (int i = 0; i < 8; i++) values[i] *= times[i];
        held[k] = rounded(values);
#if TURNED
        // If the stride of the lanes is a multiple of a head, the angles of a thread are the same for all its vectors.
        int channel = LANES * 8 % HEAD == 0 ? lane * 8 % HEAD : at % HEAD;
        float angles[8];
        parameters(turn + channel, 8, angles);
        widen(held[k], values);
        #pragma unroll
        for (int i = 0; i < 8; i += 2)
        {
            float a = values[i], b = values[i + 1], c = angles[i], s = angles[i + 1];
            values[i] = a * c - b * s;
            values[i + 1] = a * s + b * c;
        }
        held[k] = rounded(values);
#endif
    }
    store_row(out + (long long)index * WIDTH, lane, held);
}

// One block computes one row. x: half16. With RESIDUAL 1, x is first replaced by x + y, with RESIDUAL 2 by x + y * gate, computed in float32, rounded to
// half16 and also written to `sum`. out = (x - mean) / sqrt(variance + epsilon) * factor + offset in float32, with the variance of the centred values;
// half16, or one byte for each value and a scale for the row. gate changes after every `gate_period` rows, factor and offset after every `period` rows;
// all three are float32. Memory traffic for each value: 2 bytes in, 2 (or 1) out; with a residual 4 in, 2 + 2 (or 1) out. Parameters are read from the
// first-level cache.
extern "C" __global__ void __launch_bounds__(LANES, RESIDENT) norm_modulate(
    const half16* __restrict__ x, long long stride, const half16* __restrict__ y, const float* __restrict__ gate, unsigned gate_period, half16* __restrict__ sum,
    const float* __restrict__ factor, const float* __restrict__ offset, unsigned period, void* __restrict__ out, float* __restrict__ scales, float epsilon)
{
    unsigned index = blockIdx.x;
    int lane = threadIdx.x;
    Eight held[VECTORS];
    load_row(x + index * stride, lane, held);
#if RESIDUAL
    Eight added[VECTORS];
    load_row(y + (long long)index * WIDTH, lane, added);
    #pragma unroll
    for (int k = 0; k < VECTORS; k++)
    {
        float values[8], plus[8];
        widen(held[k], values);
        widen(added[k], plus);
#if RESIDUAL == 2
        float times[8];
        int at = place(k, lane);
        parameters(gate + (long long)(index / gate_period) * WIDTH + at, WIDTH - at, times);
        #pragma unroll
        for (int i = 0; i < 8; i++) values[i] += plus[i] * times[i];
#else
        #pragma unroll
        for (int i = 0; i < 8; i++) values[i] += plus[i];
#endif
        held[k] = rounded(values);
    }
    store_row(sum + (long long)index * WIDTH, lane, held);
#endif
    float even = 0.0f, odd = 0.0f;
    #pragma unroll
    for (int k = 0; k < VECTORS; k++)
        #pragma unroll
        for (int i = 0; i < 4; i++) { even += first(held[k].pair[i]); odd += second(held[k].pair[i]); }
    float mean = over_row<2, false>(even + odd) / WIDTH;
    forget_widened(held);
    even = odd = 0.0f;
    #pragma unroll
    for (int k = 0; k < VECTORS; k++)
        #pragma unroll
        for (int i = 0; i < 4; i++)
        {
            int at = place(k, lane) + 2 * i;
            float a = first(held[k].pair[i]) - mean, b = second(held[k].pair[i]) - mean;
            even += WIDE || at < WIDTH ? a * a : 0.0f;
            odd += WIDE || at + 1 < WIDTH ? b * b : 0.0f;
        }
    float inverse = rsqrtf(over_row<3, false>(even + odd) / WIDTH + epsilon);
    forget_widened(held);
    long long group = (long long)(index / period) * WIDTH;
    #pragma unroll
    for (int k = 0; k < VECTORS; k++)
    {
        int at = place(k, lane);
        float values[8], times[8], plus[8];
        widen(held[k], values);
        parameters(factor + group + at, WIDTH - at, times);
        parameters(offset + group + at, WIDTH - at, plus);
        #pragma unroll
        for (int i = 0; i < 8; i++) values[i] = (values[i] - mean) * inverse * times[i] + plus[i];
        held[k] = rounded(values); // the plain path also rounds before it quantises
    }
    deliver(held, lane, index, out, scales);
}

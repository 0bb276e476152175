// One block computes one row. In: half16. y = gelu(x), the tanh approximation, in float32: 0.5 x (1 + tanh(u)) = x / (1 + exp(-2 u)). Out: half16, or
// one byte for each value and a scale for the row. Memory traffic for each value: 2 bytes in, 2 (or 1) out.
extern "C" __global__ void __launch_bounds__(LANES, RESIDENT) gelu_quantise(const half16* __restrict__ x, long long stride, void* __restrict__ out, float* __restrict__ scales)
{
    // u = sqrt(2 / pi) (x + 0.044715 x^3), times -2 log2(e), because the exponential is a power of 2.
    const float linear = -2.302208198f, cubic = -0.1029432397f;
    unsigned index = blockIdx.x;
    int lane = threadIdx.x;
    Eight held[VECTORS];
    load_row(x + index * stride, lane, held);
    #pragma unroll
    for (int k = 0; k < VECTORS; k++)
    {
        float values[8];
        widen(held[k], values);
        #pragma unroll
        for (int i = 0; i < 8; i++)
        {
            float v = values[i];
            values[i] = v * reciprocal(1.0f + power_of_two(v * (linear + cubic * (v * v))));
        }
        held[k] = rounded(values);
    }
    deliver(held, lane, index, out, scales);
}

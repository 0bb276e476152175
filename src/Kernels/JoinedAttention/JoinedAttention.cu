// One block computes one token. In: x and y, half16 rows of all heads: the attentions over two parts of the keys; and the natural logarithm of the sum
// of each part's weights, float32 [batch, heads, tokens]. Out: the mean of both parts, weighted by these sums; half16, or one byte for each value and a
// scale for the row. Memory traffic for each value: 4 bytes in, 2 (or 1) out.
extern "C" __global__ void __launch_bounds__(LANES, RESIDENT) join_attention(
    const half16* __restrict__ x, const half16* __restrict__ y, const float* __restrict__ x_sums, const float* __restrict__ y_sums,
    unsigned tokens, void* __restrict__ out, float* __restrict__ scales)
{
    unsigned index = blockIdx.x, batch = index / tokens;
    int lane = threadIdx.x;
    Eight held[VECTORS], others[VECTORS];
    load_row(x + (long long)index * WIDTH, lane, held);
    load_row(y + (long long)index * WIDTH, lane, others);
    #pragma unroll
    for (int k = 0; k < VECTORS; k++)
    {
        if (place(k, lane) >= WIDTH) continue; // beyond the end of the row, zeros stay zeros
        long long head = place(k, lane) / HEAD, at = (batch * (WIDTH / HEAD) + head) * tokens + (index - batch * tokens);
        float share = reciprocal(1.0f + power_of_two((y_sums[at] - x_sums[at]) * 1.4426950409f));
        float values[8], more[8];
        widen(held[k], values);
        widen(others[k], more);
        #pragma unroll
        for (int i = 0; i < 8; i++) values[i] = more[i] + (values[i] - more[i]) * share;
        held[k] = rounded(values);
    }
    deliver(held, lane, index, out, scales);
}

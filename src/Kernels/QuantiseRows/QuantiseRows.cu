// One block quantises one row: x, or with SUMMED x + y rounded to half16. In: half16. Out: one byte for each value and a scale for the row. Memory
// traffic for each value: 2 (or 4) bytes in, 1 out.
extern "C" __global__ void __launch_bounds__(LANES, RESIDENT) quantise_rows(
    const half16* __restrict__ x, long long stride, const half16* __restrict__ y, long long other_stride, void* __restrict__ out, float* __restrict__ scales)
{
    unsigned index = blockIdx.x;
    int lane = threadIdx.x;
    Eight held[VECTORS];
    load_row(x + index * stride, lane, held);
#if SUMMED
    Eight added[VECTORS];
    load_row(y + index * other_stride, lane, added);
    #pragma unroll
    for (int k = 0; k < VECTORS; k++)
    {
        float values[8], plus[8];
        widen(held[k], values);
        widen(added[k], plus);
        #pragma unroll
        for (int i = 0; i < 8; i++) values[i] += plus[i];
        held[k] = rounded(values);
    }
#endif
    deliver(held, lane, index, out, scales);
}

// One block a row. In: bf16. Sums in float32, the variance from the centred values. Out: bf16, or one byte a value with the row's scale.
// y = (x - mean) / sqrt(variance + epsilon) * factor + offset; factor and offset, float32, change with every `period` rows.
extern "C" __global__ void norm_modulate(
    const bf16* x, long long stride, const float* factor, const float* offset, long long period,
    void* out, float* scales, int width, float epsilon, int wide, int format)
{
    extern __shared__ __align__(16) float row[];
    long long index = blockIdx.x;
    const bf16* from = x + index * stride;
    long long group = index / period * width;
    float sum = 0.0f;
    for (int at = threadIdx.x * 8; at < width; at += blockDim.x * 8)
    {
        int count = min(8, width - at);
        float values[8];
        load(from, at, count, wide, values);
        #pragma unroll
        for (int i = 0; i < 8; i++) if (i < count) sum += values[i];
        hold(row, at, count, values);
    }
    float mean = block_reduced<false>(sum) / width;
    float squares = 0.0f;
    for (int at = threadIdx.x * 8; at < width; at += blockDim.x * 8)
    {
        int count = min(8, width - at);
        float values[8];
        load(row, at, count, true, values);
        #pragma unroll
        for (int i = 0; i < 8; i++) if (i < count) squares += (values[i] - mean) * (values[i] - mean);
    }
    float inverse = rsqrtf(block_reduced<false>(squares) / width + epsilon);
    float largest = 0.0f;
    for (int at = threadIdx.x * 8; at < width; at += blockDim.x * 8)
    {
        int count = min(8, width - at);
        float values[8], times[8], plus[8];
        load(row, at, count, true, values);
        load(factor + group, at, count, wide, times);
        load(offset + group, at, count, wide, plus);
        #pragma unroll
        for (int i = 0; i < 8; i++)
            if (i < count)
            {
                // Rounded as the plain path rounds before it quantises.
                values[i] = widen(rounded((values[i] - mean) * inverse * times[i] + plus[i]));
                largest = fmaxf(largest, fabsf(values[i]));
            }
        hold(row, at, count, values);
    }
    if (format != AsBFloat16) largest = block_reduced<true>(largest);
    store_row(row, width, out, scales, index, wide, format, largest);
}

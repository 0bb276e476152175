// One block a row. In: bf16. y = gelu(x), the tanh approximation, in float32. Out: bf16, or one byte a value with the row's scale.
// With identity = 1 y = x: quantises what no other kernel made.
extern "C" __global__ void gelu_quantise(const bf16* x, long long stride, void* out, float* scales, int width, int wide, int format, int identity)
{
    extern __shared__ __align__(16) bf16 held[]; // half of what float32 needs: a feed-forward row is long
    long long index = blockIdx.x;
    const bf16* from = x + index * stride;
    float largest = 0.0f;
    for (int at = threadIdx.x * 8; at < width; at += blockDim.x * 8)
    {
        int count = min(8, width - at);
        float values[8];
        load(from, at, count, wide, values);
        #pragma unroll
        for (int i = 0; i < 8; i++)
            if (i < count)
            {
                float v = values[i];
                values[i] = widen(rounded(identity ? v : 0.5f * v * (1.0f + tanhf(0.7978845608028654f * (v + 0.044715f * v * v * v)))));
                largest = fmaxf(largest, fabsf(values[i]));
            }
        store(held, at, count, true, values);
    }
    float inverse = 1.0f;
    if (format != AsBFloat16)
    {
        largest = block_reduced<true>(largest);
        float scale = row_scale(largest, format, &inverse);
        if (threadIdx.x == 0) scales[index] = scale;
    }
    for (int at = threadIdx.x * 8; at < width; at += blockDim.x * 8)
    {
        int count = min(8, width - at);
        float values[8];
        load(held, at, count, true, values);
        if (format == AsBFloat16) store((bf16*)out + index * width, at, count, wide, values);
        else store_bytes((unsigned char*)out + index * width, at, count, wide, values, inverse, format);
    }
}

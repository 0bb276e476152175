// One block a token. In: bf16 rows of all heads. x / sqrt(mean(x^2) + epsilon) * weight over the whole row, then every pair of
// neighbours turned by the token's angles; float32, rounded to bf16 where the plain path rounds. turns: [tokens, head / 2] (cos, sin),
// or null for no turn. Out: bf16.
extern "C" __global__ void rms_rotary(
    const bf16* x, long long stride, const bf16* weight, const float* turns, long long tokens,
    bf16* out, int width, int head, float epsilon, int wide)
{
    extern __shared__ __align__(16) float row[];
    long long index = blockIdx.x;
    const bf16* from = x + index * stride;
    float squares = 0.0f;
    for (int at = threadIdx.x * 8; at < width; at += blockDim.x * 8)
    {
        int count = min(8, width - at);
        float values[8];
        load(from, at, count, wide, values);
        #pragma unroll
        for (int i = 0; i < 8; i++) if (i < count) squares += values[i] * values[i];
        hold(row, at, count, values);
    }
    float scale = rsqrtf(block_reduced<false>(squares) / width + epsilon);
    const float* turn = turns == 0 ? 0 : turns + (index % tokens) * head;
    for (int at = threadIdx.x * 8; at < width; at += blockDim.x * 8)
    {
        int count = min(8, width - at); // 8, since a head is a multiple of 8
        float values[8], times[8], angles[8];
        load(row, at, count, true, values);
        load(weight, at, count, wide, times);
        #pragma unroll
        for (int i = 0; i < 8; i++) if (i < count) values[i] = widen(rounded(widen(rounded(values[i] * scale)) * times[i]));
        if (turn != 0)
        {
            load(turn, at % head, count, wide, angles);
            #pragma unroll
            for (int i = 0; i < 8; i += 2)
            {
                float a = values[i], b = values[i + 1], c = angles[i], s = angles[i + 1];
                values[i] = a * c - b * s;
                values[i + 1] = a * s + b * c;
            }
        }
        store(out + index * width, at, count, wide, values);
    }
}

// One thread computes eight values: out = x + y * gate in float32, rounded once. x, y, out: half16, [rows, width], contiguous;
// gate: float32 [groups, width], one row of it for every `period` rows. The width is a multiple of 8.
extern "C" __global__ void gated_residual(const half16* x, const half16* y, const float* gate, long long period, half16* out, long long vectors, int width)
{
    long long vector = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (vector >= vectors) return;
    long long at = vector * 8, row = at / width;
    const float* g = gate + row / period * width + (at - row * width);
    float a[8], b[8], times[8];
    load(x + at, a);
    load(y + at, b);
    load(g, times);
    #pragma unroll
    for (int i = 0; i < 8; i++) a[i] = a[i] + b[i] * times[i];
    store(out + at, a);
}

// U for sm_90, by tdsl: row-major arrays that begin at multiples of 16 bytes

extern "C" __global__ void __launch_bounds__(9)
U_kernel(const float* __restrict__ A, float* __restrict__ U)
{
  const int start_d0 = threadIdx.x;
  for (int start_d1 = 0; start_d1 < 9; ++start_d1) {
    U[start_d0 * 9 + start_d1] = A[start_d0 * 9 + start_d1];
  }
}

extern "C" __global__ void __launch_bounds__(9)
U_kernel_2(float* __restrict__ U)
{
  const int i = threadIdx.x;
  for (int w = 0; w < 17; ++w) {
    __syncthreads();
    if (w <= i + 8 && i <= w) {
      float U_acc;
      U_acc = 0.0f;
      for (int k = 0; k < min(i, w - i); ++k) {
        U_acc = fmaf(U[i * 9 + k], U[k * 9 + w - i], U_acc);
      }
      U[i * 9 + w - i] = w - i >= i ? U[i * 9 + w - i] - U_acc : (U[i * 9 + w - i] - U_acc) / (2.0f + fabsf(U[(w - i) * 9 + w - i]));
    }
  }
}
// U_kernel: grid ['1', '1', '1']
// U_kernel_2: grid ['1', '1', '1']

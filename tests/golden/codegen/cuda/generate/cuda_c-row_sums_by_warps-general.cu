// y for sm_90, by tdsl: arrays of any strides

extern "C" __global__ void __launch_bounds__(100)
y_kernel(const int* __restrict__ x, int* __restrict__ y, const long long x_stride_0, const long long x_stride_1, const long long y_stride_0, const long long n)
{
  __shared__ __align__(16) int y_acc_warps[5];
  const int y_i = blockIdx.x;
  const int y_ki = threadIdx.x;
  int y_acc;
  y_acc = 0;
  int y_part;
  y_part = 0;
  for (long long ko = 0; ko < (n - y_ki + 99) / 100; ++ko) {
    y_part = (int)((unsigned int)y_part + (unsigned int)x[y_i * x_stride_0 + (y_ki + ko * 100) * x_stride_1]);
  }
  y_acc = (int)((unsigned int)y_acc + (unsigned int)y_part);
  int y_acc_ahead;
  y_acc_ahead = __shfl_down_sync(0xffffffffu, y_acc, threadIdx.x + 16 < 100 ? 16 : 0);
  if (y_ki + 16 < 100) {
    y_acc = (int)((unsigned int)y_acc + (unsigned int)y_acc_ahead);
  }
  y_acc_ahead = __shfl_down_sync(0xffffffffu, y_acc, threadIdx.x + 8 < 100 ? 8 : 0);
  if (y_ki + 8 < 100) {
    y_acc = (int)((unsigned int)y_acc + (unsigned int)y_acc_ahead);
  }
  y_acc_ahead = __shfl_down_sync(0xffffffffu, y_acc, threadIdx.x + 4 < 100 ? 4 : 0);
  if (y_ki + 4 < 100) {
    y_acc = (int)((unsigned int)y_acc + (unsigned int)y_acc_ahead);
  }
  y_acc_ahead = __shfl_down_sync(0xffffffffu, y_acc, threadIdx.x + 2 < 100 ? 2 : 0);
  y_acc = (int)((unsigned int)y_acc + (unsigned int)y_acc_ahead);
  y_acc_ahead = __shfl_down_sync(0xffffffffu, y_acc, threadIdx.x + 1 < 100 ? 1 : 0);
  y_acc = (int)((unsigned int)y_acc + (unsigned int)y_acc_ahead);
  if (y_ki % 32 == 0) {
    y_acc_warps[y_ki / 32] = y_acc;
  }
  __syncthreads();
  if (y_ki % 32 < 4) {
    y_acc = y_acc_warps[y_ki % 32];
  }
  y_acc_ahead = __shfl_down_sync(0xffffffffu, y_acc, threadIdx.x + 2 < 100 ? 2 : 0);
  y_acc = (int)((unsigned int)y_acc + (unsigned int)y_acc_ahead);
  y_acc_ahead = __shfl_down_sync(0xffffffffu, y_acc, threadIdx.x + 1 < 100 ? 1 : 0);
  y_acc = (int)((unsigned int)y_acc + (unsigned int)y_acc_ahead);
  if (y_ki == 0) {
    y[y_i * y_stride_0] = (int)((unsigned int)y_acc + (unsigned int)1);
  }
}
// y_kernel: grid ['m', '1', '1']

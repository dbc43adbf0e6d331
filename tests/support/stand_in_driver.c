/* A stand-in for libcuda.so.1: the calls that tdsl makes, on host memory, kernels run by tdsl's emulator.
 *
 * A module image is a library of the emulator (runtime/cuda/emulated_code.py), an ELF file. Environment: STAND_IN_CC the
 * compute capability (90), STAND_IN_COUNT how many devices (1), STAND_IN_POOLS=0 no stream-ordered memory,
 * STAND_IN_FAIL=name[:status] the call that fails. stand_in_log() gives the calls since the last one, one a line.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef int Result;
typedef uint64_t Pointer;
enum { OK = 0, INVALID = 1, NO_MEMORY = 2, NOT_INITIALISED = 3, NO_CONTEXT = 201, NOT_FOUND = 500, ILLEGAL = 700 };

static int initialised, pending;
static __thread int depth;  /* contexts that this thread has entered */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int lock(void) { return pthread_mutex_lock(&mutex); }
static void unlock(int *held) { (void)held; pthread_mutex_unlock(&mutex); }
#define LOCKED __attribute__((cleanup(unlock), unused)) int held = lock()
static char log_text[1 << 16], handed[1 << 16];
static struct { char *raw; Pointer begin; size_t bytes; } blocks[4096];
static int block_count;
enum { RED = 4096 };

static void note(const char *format, ...) {
  size_t used = strlen(log_text);
  va_list given;
  va_start(given, format);
  vsnprintf(log_text + used, sizeof log_text - used, format, given);
  va_end(given);
}
const char *stand_in_log(void) {
  memcpy(handed, log_text, sizeof handed);
  log_text[0] = 0;
  return handed;
}
int stand_in_live(void) {
  int live = 0;
  for (int i = 0; i < block_count; i++) live += blocks[i].raw != 0;
  return live;
}
static int number(const char *name, int otherwise) {
  const char *text = getenv(name);
  return text ? atoi(text) : otherwise;
}
static Result enter(const char *name) {
  const char *fail = getenv("STAND_IN_FAIL");
  size_t length = strlen(name);
  note("%s\n", name);
  if (fail && !strncmp(fail, name, length) && (fail[length] == 0 || fail[length] == ':'))
    return fail[length] ? atoi(fail + length + 1) : 999;
  if (!initialised && strcmp(name, "cuInit")) return NOT_INITIALISED;
  return OK;
}
#define ENTER(name) do { Result r = enter(name); if (r) return r; } while (0)
#define CONTEXT do { if (depth == 0) return NO_CONTEXT; if (pending) return pending; } while (0)

Result cuInit(unsigned flags) { LOCKED; ENTER("cuInit"); initialised = 1; return flags ? INVALID : OK; }
Result cuDriverGetVersion(int *v) { LOCKED; *v = 13000; return OK; }
Result cuDeviceGetCount(int *n) { LOCKED; ENTER("cuDeviceGetCount"); *n = number("STAND_IN_COUNT", 1); return OK; }
Result cuDeviceGetName(char *s, int n, int d) { LOCKED; snprintf(s, n, "stand-in %d", d); return OK; }
Result cuDeviceTotalMem_v2(size_t *n, int d) { LOCKED; (void)d; *n = (size_t)1 << 33; return OK; }
Result cuDeviceGetAttribute(int *v, int a, int d) { LOCKED;
  int cc = number("STAND_IN_CC", 90);
  (void)d;
  *v = a == 75 ? cc / 10 : a == 76 ? cc % 10 : a == 16 ? 108 : a == 115 ? number("STAND_IN_POOLS", 1) : 0;
  return OK;
}
Result cuDevicePrimaryCtxRetain(void **c, int d) { LOCKED; ENTER("cuDevicePrimaryCtxRetain"); *c = (void *)(uintptr_t)(d + 1); return OK; }
Result cuCtxPushCurrent_v2(void *c) { LOCKED; ENTER("cuCtxPushCurrent"); if (!c) return NO_CONTEXT; depth++; return OK; }
Result cuCtxPopCurrent_v2(void **c) { LOCKED; *c = 0; note("cuCtxPopCurrent\n"); if (depth == 0) return NO_CONTEXT; depth--; return OK; }
Result cuCtxGetDevice(int *d) { LOCKED; CONTEXT; *d = 0; return OK; }

static int find(Pointer p, size_t n) {
  for (int i = 0; i < block_count; i++)
    if (blocks[i].raw && p >= blocks[i].begin && n <= blocks[i].bytes && p - blocks[i].begin <= blocks[i].bytes - n) return i;
  return -1;
}
static Result take(Pointer *p, size_t n) {
  CONTEXT;
  if (!n || block_count == 4096) return INVALID;
  if (n > (size_t)1 << 33) return NO_MEMORY;
  char *raw = malloc(n + 2 * RED + 256);
  if (!raw) return NO_MEMORY;
  memset(raw, 0xff, n + 2 * RED + 256);
  blocks[block_count].raw = raw;
  blocks[block_count].begin = *p = ((Pointer)(uintptr_t)raw + RED + 255) & ~(Pointer)255;
  blocks[block_count++].bytes = n;
  return OK;
}
static Result drop(Pointer p) {
  int i = find(p, 1);
  if (i < 0 || blocks[i].begin != p) return INVALID;
  for (Pointer q = p + blocks[i].bytes; q < p + blocks[i].bytes + RED; q++)
    if (*(unsigned char *)(uintptr_t)q != 0xff) { note("RED ZONE\n"); return ILLEGAL; }
  free(blocks[i].raw);
  blocks[i].raw = 0;
  return OK;
}
Result cuMemAlloc_v2(Pointer *p, size_t n) { LOCKED; ENTER("cuMemAlloc"); return take(p, n); }
Result cuMemFree_v2(Pointer p) { LOCKED; ENTER("cuMemFree"); return drop(p); }
Result cuMemAllocAsync(Pointer *p, size_t n, void *s) { LOCKED; note("stream %ld ", (long)(intptr_t)s); ENTER("cuMemAllocAsync"); return take(p, n); }
Result cuMemFreeAsync(Pointer p, void *s) { LOCKED; note("stream %ld ", (long)(intptr_t)s); ENTER("cuMemFreeAsync"); return drop(p); }
Result cuMemcpyHtoDAsync_v2(Pointer d, const void *h, size_t n, void *s) { LOCKED;
  note("stream %ld ", (long)(intptr_t)s); ENTER("cuMemcpyHtoDAsync"); CONTEXT;
  if (find(d, n) < 0) return INVALID;
  memcpy((void *)(uintptr_t)d, h, n);
  return OK;
}
Result cuMemcpyDtoHAsync_v2(void *h, Pointer d, size_t n, void *s) { LOCKED;
  note("stream %ld ", (long)(intptr_t)s); ENTER("cuMemcpyDtoHAsync"); CONTEXT;
  if (find(d, n) < 0) return INVALID;
  memcpy(h, (void *)(uintptr_t)d, n);
  return OK;
}
Result cuStreamSynchronize(void *s) { LOCKED; note("stream %ld ", (long)(intptr_t)s); ENTER("cuStreamSynchronize"); CONTEXT; return OK; }

struct Module { void *library; uint64_t storage; /* bytes of thread-local storage: the shared arrays */ };

static uint64_t thread_storage(const unsigned char *elf) {
  uint64_t at, bytes = 0; uint16_t size, count;
  memcpy(&at, elf + 32, 8); memcpy(&size, elf + 54, 2); memcpy(&count, elf + 56, 2);
  for (int i = 0; i < count; i++) {
    uint32_t kind;
    memcpy(&kind, elf + at + i * size, 4);
    if (kind == 7) memcpy(&bytes, elf + at + i * size + 40, 8);
  }
  return bytes;
}

Result cuModuleLoadData(struct Module **m, const void *image) { LOCKED;
  ENTER("cuModuleLoadData"); CONTEXT;
  const unsigned char *elf = image;
  if (memcmp(elf, "\x7f" "ELF", 4)) return 200;
  uint64_t at; uint16_t size, count;
  memcpy(&at, elf + 40, 8); memcpy(&size, elf + 58, 2); memcpy(&count, elf + 60, 2);
  size_t bytes = at + (size_t)size * count;
  static int modules;
  char path[64];
  int file = memfd_create("module", 0);
  if (write(file, image, bytes) != (ssize_t)bytes) return 200;
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);  /* the file stays open, so that no path comes twice */
  *m = calloc(1, sizeof **m);
  (*m)->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  (*m)->storage = thread_storage(elf);
  note("module %d\n", modules++);
  return (*m)->library ? OK : 200;
}

struct Function { struct Module *module; void (*enter)(void **); int shared; };
Result cuModuleGetFunction(struct Function **f, struct Module *m, const char *name) { LOCKED;
  ENTER("cuModuleGetFunction");
  char symbol[512];
  snprintf(symbol, sizeof symbol, "tdsl_enter_%s", name);
  struct Function *made = calloc(1, sizeof *made);
  made->module = m;
  made->enter = (void (*)(void **))dlsym(m->library, symbol);
  *f = made;
  return made->enter ? OK : NOT_FOUND;
}
Result cuFuncSetAttribute(struct Function *f, int a, int v) { LOCKED;
  ENTER("cuFuncSetAttribute");
  if (a == 8) f->shared = v;
  return a == 8 && v > 232448 ? INVALID : OK;
}

/* Layouts of runtime/cuda/emulator/machine.h. */
struct Region { Pointer begin; uint64_t bytes; uint32_t granule, initialised, writable, reserved; };
struct Shared { uint64_t offset, bytes; uint32_t dynamic, granule; };
struct Launch { void (*kernel)(void **); void **arguments; uint64_t dynamic_bytes; uint32_t grid[3], block[3]; };

Result cuLaunchKernel(struct Function *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                      unsigned shared, void *stream, void **parameters, void **extra) {
  LOCKED;
  note("stream %ld ", (long)(intptr_t)stream); ENTER("cuLaunchKernel"); CONTEXT;
  if (extra || !gx || !gy || !gz || gy > 65535 || gz > 65535 || !bx || bx * by * bz > 1024) return INVALID;
  if (shared > 232448 || (shared > 49152 && f->shared < (int)shared)) return INVALID;
  struct Region regions[64];
  int count = 0;
  for (int i = 0; i < block_count && count < 64; i++)
    if (blocks[i].raw) regions[count++] = (struct Region){blocks[i].begin, blocks[i].bytes, 1, 1, 1, 0};
  struct Shared places[2] = {{0, f->module->storage, 0, 1}, {0, shared, 1, 1}};
  void *library = f->module->library;
  void *(*opened)(void *, uint32_t, void *, uint32_t, uint32_t) = dlsym(library, "tdsl_emulator_open");
  int (*launched)(void *, void *, void *) = dlsym(library, "tdsl_emulator_launch");
  uint64_t (*found)(void *, void **) = dlsym(library, "tdsl_emulator_findings");
  void (*closed)(void *) = dlsym(library, "tdsl_emulator_close");
  void *session = opened(regions, count, places, shared ? 2 : 1, 0);
  struct Launch launch = {f->enter, parameters, shared, {gx, gy, gz}, {bx, by, bz}};
  int status = launched(session, &launch, dlsym(library, "tdsl_dynamic_shared"));
  void *first;
  if (found(session, &first)) pending = ILLEGAL;  /* as on a device: later calls report it */
  closed(session);
  return status ? NO_MEMORY : OK;
}
Result cuGetErrorName(Result e, const char **s) {
  *s = e == ILLEGAL ? "CUDA_ERROR_ILLEGAL_ADDRESS" : e == NO_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR";
  return OK;
}
Result cuGetErrorString(Result e, const char **s) { *s = e == ILLEGAL ? "an illegal memory access" : "stand-in"; return OK; }

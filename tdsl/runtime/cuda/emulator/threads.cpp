// Blocks of threads: each thread a fiber that runs until it waits at a barrier or a warp's meeting, or ends.
//
// Blocks run one after another, warps in turn. Threads that wait at different barriers, or while others have ended, are
// found; they go on then, as a device would at best. Source of the model: CUDA C++ Programming Guide, "Synchronization
// Functions" and "Warp Shuffle Functions".
#include <sys/mman.h>

#include <cstring>
#include <new>

#include "machine.h"

namespace tdsl_emulator {

namespace {

constexpr uint64_t STACK_BYTES = 1 << 20;  // twice what a CUDA thread may hold in local memory; pages come when touched
constexpr uint64_t GUARD_BYTES = 4096;

void enter();

#ifdef TDSL_PORTABLE_FIBERS
void prepare(Context& context, uint8_t* stack, uint64_t bytes) {
  getcontext(&context.state);
  context.state.uc_stack.ss_sp = stack;
  context.state.uc_stack.ss_size = bytes;
  context.state.uc_link = nullptr;
  makecontext(&context.state, enter, 0);
}
void change(Context& from, Context& to) { swapcontext(&from.state, &to.state); }
#else
// Keeps what the System V ABI says a callee keeps (AMD64 supplement 1.0, 3.2.1) on the stack that is left.
extern "C" __attribute__((visibility("hidden"))) void tdsl_emulator_change(void** from, void* to);
__asm__(
    ".text\n.p2align 4\n.hidden tdsl_emulator_change\n.globl tdsl_emulator_change\n"
    ".type tdsl_emulator_change, @function\ntdsl_emulator_change:\n"
    "  pushq %rbx\n  pushq %rbp\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n"
    "  movq %rsp, (%rdi)\n  movq %rsi, %rsp\n"
    "  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbp\n  popq %rbx\n  ret\n"
    ".size tdsl_emulator_change, . - tdsl_emulator_change\n");
void prepare(Context& context, uint8_t* stack, uint64_t bytes) {
  void** top = reinterpret_cast<void**>(stack + bytes);
  *--top = nullptr;  // where a return address would lie: `enter` finds the stack as a call leaves it
  *--top = reinterpret_cast<void*>(&enter);
  for (int kept = 0; kept < 6; kept++) *--top = nullptr;
  context.stack = top;
}
void change(Context& from, Context& to) { tdsl_emulator_change(&from.stack, to.stack); }
#endif

void enter() {
  try {
    machine->kernel(machine->arguments);
  } catch (...) {  // the emulator's own tables found no memory
    machine->failed = true;
  }
  machine->current->state = State::Ended;
  yield_fiber();
  __builtin_trap();
}

Fiber& wait(State state, const Stop& stop, uint32_t mask, bool orders) {
  Fiber& fiber = *machine->current;
  fiber.state = state;
  fiber.stop = stop;
  fiber.mask = mask;
  fiber.orders = orders;
  yield_fiber();
  return fiber;
}

bool at_one_meeting(const Fiber& one, const Fiber& other) {
  return other.state == State::AtWarp && other.mask == one.mask && other.stop == one.stop;
}

struct Warp {
  uint32_t begin, end;
  uint32_t present() const { return end - begin == WARP ? ~0u : (1u << (end - begin)) - 1; }
};

bool is_complete(const Warp& warp, const Fiber& fiber) {
  uint32_t mask = fiber.mask & warp.present();
  for (uint32_t lane = 0; lane < warp.end - warp.begin; lane++)
    if (mask >> lane & 1 && !at_one_meeting(fiber, machine->fibers[warp.begin + lane])) return false;
  return mask >> (fiber.linear % WARP) & 1;
}

void release(const Warp& warp, const Fiber& first) {
  const uint32_t mask = first.mask & warp.present();
  const bool orders = first.orders && mask == warp.present();
  Slot handed[WARP] = {};
  for (uint32_t at = warp.begin; at < warp.end; at++)
    if (mask >> (at - warp.begin) & 1) handed[at - warp.begin] = machine->fibers[at].offered;
  for (uint32_t at = warp.begin; at < warp.end; at++) {
    Fiber& fiber = machine->fibers[at];
    if (!(mask >> (at - warp.begin) & 1)) continue;
    fiber.state = State::Ready;
    fiber.warp_epoch += orders;
    std::memcpy(fiber.received, handed, sizeof handed);
  }
}

// Until every lane waits at a block's barrier, is stuck at a meeting, or has ended.
void run_warp(const Warp& warp) {
  for (bool moved = true; moved;) {
    moved = false;
    for (uint32_t at = warp.begin; at < warp.end; at++) {
      Fiber& fiber = machine->fibers[at];
      if (fiber.state != State::Ready) continue;
      machine->current = &fiber;
      change(machine->scheduler, fiber.context);
      moved = true;
    }
    for (uint32_t at = warp.begin; at < warp.end; at++) {
      Fiber& fiber = machine->fibers[at];
      if (fiber.state == State::AtWarp && is_complete(warp, fiber)) {
        release(warp, fiber);
        moved = true;
      }
    }
  }
}

Party party(const Fiber& fiber, bool waits) {
  Party result{};
  result.block = machine->block_linear;
  result.thread = fiber.linear;
  result.file = waits ? fiber.stop.file : nullptr;
  result.line = waits ? fiber.stop.line : 0;
  result.access = waits ? 5 : 4;
  result.launch = machine->launch;
  return result;
}

bool waits(const Fiber& fiber) { return fiber.state == State::AtBarrier || fiber.state == State::AtWarp; }

void report_meeting(Kind kind, const Fiber& one, const Fiber& other) {
  Finding finding{};
  finding.kind = kind;
  finding.space = Space::Unknown;
  finding.first = party(one, true);
  finding.second = party(other, waits(other));
  uint64_t second = waits(other) ? other.stop.place + 1 : 0;
  report(finding, (uint64_t)kind << 60 | (uint64_t)one.stop.place << 30 | second);
}

// A shuffle that reads a lane which takes no part.
void report_absent_source(const Fiber& fiber, uint32_t source) {
  Finding finding{};
  finding.kind = Kind::Lanes;
  finding.space = Space::Unknown;
  finding.first = party(fiber, true);
  finding.second = party(fiber, false);
  finding.second.thread = fiber.linear / WARP * WARP + source;
  report(finding, (uint64_t)Kind::Lanes << 60 | (uint64_t)fiber.stop.place << 30 | 0x3fffffff);
}

// A lane that waits for others that never come: found, and let go on with what is there.
bool release_stuck_lanes() {
  bool any = false;
  for (Fiber& fiber : machine->fibers) {
    if (fiber.state != State::AtWarp) continue;
    uint32_t begin = fiber.linear / WARP * WARP;
    const Fiber* missing = &fiber;
    bool killed = false;
    for (uint32_t lane = 0; lane < WARP && begin + lane < machine->threads; lane++) {
      const Fiber& other = machine->fibers[begin + lane];
      if (!(fiber.mask >> lane & 1) || at_one_meeting(fiber, other)) continue;
      killed |= other.state == State::Killed;
      missing = &other;
    }
    if (!killed) report_meeting(Kind::Lanes, fiber, *missing);
    any = true;
  }
  for (Fiber& fiber : machine->fibers) {
    if (fiber.state != State::AtWarp) continue;
    fiber.state = State::Ready;
    for (Slot& slot : fiber.received) slot = fiber.offered;
  }
  return any;
}

// Whether threads wait; they are ready then, and divergence among them was reported.
bool release_barrier() {
  const Fiber *waiting = nullptr, *other = nullptr;
  for (const Fiber& fiber : machine->fibers)
    if (fiber.state == State::AtBarrier && !waiting) waiting = &fiber;
  if (!waiting) return false;
  for (const Fiber& fiber : machine->fibers) {
    bool elsewhere = fiber.state == State::AtBarrier && !(fiber.stop == waiting->stop);
    if (!other && (elsewhere || fiber.state == State::Ended)) other = &fiber;
  }
  if (other) report_meeting(Kind::Barrier, *waiting, *other);
  for (Fiber& fiber : machine->fibers)
    if (fiber.state == State::AtBarrier) fiber.state = State::Ready;
  return true;
}

void start_threads() {
  const Index3 extent = machine->block_extent;
  for (uint32_t at = 0; at < machine->threads; at++) {
    Fiber& fiber = machine->fibers[at];
    fiber.index = {at % extent.x, at / extent.x % extent.y, at / (extent.x * extent.y)};
    fiber.linear = at;
    fiber.warp_epoch = 0;
    fiber.state = State::Ready;
    // Stacks begin at different lines of the caches.
    uint64_t shift = at % 61 * 320;
    prepare(fiber.context, machine->stacks + at * STACK_BYTES + GUARD_BYTES, STACK_BYTES - GUARD_BYTES - shift);
  }
}

void run_block() {
  machine->epoch++;
  machine->block_epoch = machine->epoch;
  poison_shared();
  start_threads();
  do {
    do {
      for (uint32_t begin = 0; begin < machine->threads; begin += WARP)
        run_warp({begin, begin + WARP < machine->threads ? begin + WARP : machine->threads});
    } while (release_stuck_lanes());
    end_epoch();
    machine->epoch++;
  } while (release_barrier() && !machine->failed);
}

bool make_stacks(uint64_t count) {
  if (machine->stack_count >= count) return true;
  void* memory = mmap(nullptr, count * STACK_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  if (machine->stacks) munmap(machine->stacks, machine->stack_count * STACK_BYTES);
  machine->stacks = static_cast<uint8_t*>(memory);
  machine->stack_count = count;
  for (uint64_t at = 0; at < count; at++) mprotect(machine->stacks + at * STACK_BYTES, GUARD_BYTES, PROT_NONE);
  return true;
}

void run_grid(const Launch& launch) {
  machine->epoch++;
  machine->launch_epoch = machine->epoch;
  machine->block_linear = 0;
  for (uint32_t z = 0; z < launch.grid[2]; z++)
    for (uint32_t y = 0; y < launch.grid[1]; y++)
      for (uint32_t x = 0; x < launch.grid[0]; x++, machine->block_linear++) {
        machine->block = {x, y, z};
        run_block();
        if (machine->failed) return;
      }
}

}  // namespace

Machine* machine = nullptr;

bool on_stack(const uint8_t* address) {
  return address >= machine->stacks && address < machine->stacks + machine->stack_count * STACK_BYTES;
}

void yield_fiber() { change(machine->current->context, machine->scheduler); }

void kill_fiber() {
  machine->current->state = State::Killed;
  yield_fiber();
  __builtin_trap();
}

int run(Machine& given, const Launch& launch) {
  machine = &given;
  machine->failed = false;
  machine->kernel = launch.kernel;
  machine->arguments = launch.arguments;
  machine->dynamic_bytes = launch.dynamic_bytes;
  machine->grid_extent = {launch.grid[0], launch.grid[1], launch.grid[2]};
  machine->block_extent = {launch.block[0], launch.block[1], launch.block[2]};
  machine->threads = launch.block[0] * launch.block[1] * launch.block[2];
  machine->failed = !make_stacks(machine->threads);
  try {
    if (!machine->failed) {
      machine->fibers.assign(machine->threads, Fiber{});
      run_grid(launch);
    }
  } catch (const std::bad_alloc&) {
    machine->failed = true;
  }
  machine->launch++;
  machine = nullptr;
  return given.failed;
}

// ---- what device.h declares
Index3 thread_index() { return machine->current->index; }
Index3 block_index() { return machine->block; }
Index3 block_extent() { return machine->block_extent; }
Index3 grid_extent() { return machine->grid_extent; }
unsigned lane() { return machine->current->linear % WARP; }

void barrier(const char* file, int line, int place) { wait(State::AtBarrier, {file, line, place}, 0, false); }

void warp_barrier(unsigned mask, const char* file, int line, int place) {
  wait(State::AtWarp, {file, line, place}, mask, true);
}

void exchange(unsigned mask, const char* file, int line, int place, const void* mine, void* other, unsigned bytes,
              unsigned source) {
  const Stop stop{file, line, place};
  std::memcpy(machine->current->offered.bytes, mine, bytes);
  const Fiber& fiber = wait(State::AtWarp, stop, mask, false);
  bool there = mask >> source & 1 && fiber.linear / WARP * WARP + source < machine->threads;
  if (!there) report_absent_source(fiber, source);
  std::memcpy(other, there ? static_cast<const void*>(fiber.received[source].bytes) : mine, bytes);
}

unsigned vote(unsigned mask, bool holds, const char* file, int line, int place) {
  std::memcpy(machine->current->offered.bytes, &holds, sizeof holds);
  const Fiber& fiber = wait(State::AtWarp, {file, line, place}, mask, false);
  unsigned result = 0;
  for (uint32_t at = 0; at < WARP; at++)
    if (mask >> at & 1 && fiber.received[at].bytes[0]) result |= 1u << at;
  return result;
}

}  // namespace tdsl_emulator

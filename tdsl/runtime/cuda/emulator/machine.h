// The machine that the emulator's parts share: threads of a block as fibers, memory as regions, what was found.
//
// `threads.cpp` runs blocks, barriers and lanes; `access.cpp` answers loads and stores: bounds, races, uninitialised
// reads; `traffic.cpp` groups them by warp and counts sectors and wavefronts. One launch at a time in a library: its
// caller holds a lock. Structs that Python reads are marked so; runtime/cuda/emulation.py repeats their layout.
#pragma once
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "device.h"

#if !defined(__x86_64__) || defined(TDSL_UCONTEXT)
#include <ucontext.h>
#define TDSL_PORTABLE_FIBERS
#endif

namespace tdsl_emulator {

constexpr uint32_t WARP = 32;

// ---- Python reads and writes these
struct Region {           // an array or an intermediate of the build, in device memory
  uint8_t* begin;
  uint64_t bytes;
  uint32_t granule;       // bytes of an element: what a race is about
  uint32_t initialised;   // whether it holds values before the first launch
  uint32_t writable;
  uint32_t reserved;
};
struct SharedVariable {   // a __shared__ array: of the library's thread-local storage, or of the dynamic block
  uint64_t offset, bytes;
  uint32_t dynamic, granule;
};
enum class Kind : uint32_t { Race = 0, OutOfBounds = 1, Misaligned = 2, Uninitialised = 3, Barrier = 4, Lanes = 5 };
enum class Space : uint32_t { Global = 0, Shared = 1, Unknown = 2 };
struct Party {            // one thread of a finding, where it stood and what it did
  uint64_t where;         // offset of an instruction in the library; 0 where `file` and `line` say it
  const char* file;
  uint64_t block;
  uint32_t thread;
  int32_t line;
  uint32_t access;        // Access, or 4: has ended, 5: waits
  uint32_t launch;        // number of the launch in its session
};
struct Finding {
  Kind kind;
  Space space;
  uint32_t name;          // number of the region or shared variable
  uint32_t bytes;
  uint64_t offset;        // in it, in bytes
  uint64_t count;         // how often at these places
  Party first, second;
};
struct Traffic {          // one instruction's accesses to one array
  uint64_t where;
  Space space;
  uint32_t name, bytes, store;
  uint64_t requests, moved, ideal;   // sectors of 32 bytes, or wavefronts of shared memory
};
struct Launch {
  void (*kernel)(void**);
  void** arguments;
  uint64_t dynamic_bytes;
  uint32_t grid[3], block[3];
};

// ---- fibers
struct Context {
#ifdef TDSL_PORTABLE_FIBERS
  ucontext_t state;
#else
  void* stack;
#endif
};
enum class State : uint8_t { Ready, AtBarrier, AtWarp, Ended, Killed };
struct Stop {             // a place where threads meet
  const char* file;
  int line, place;
  bool operator==(const Stop& other) const { return place == other.place; }
};
struct Slot {             // what a lane hands over at a meeting
  uint8_t bytes[8];
};
struct Fiber {
  Context context;
  Index3 index;
  uint32_t linear, mask, warp_epoch;
  State state;
  bool orders;            // whether the meeting it waits for orders memory: __syncwarp does, a shuffle does not
  Stop stop;
  Slot offered, received[WARP];
};

// ---- shadow memory
struct Mark {             // one access, as a race needs it
  uint32_t epoch, block, site, warp_epoch;
  uint16_t thread, access;
};
struct Cell {             // of one granule: the last two writers, and readers that differ as much as they can
  Mark write[2], read[4];
};
struct Shadow {
  Cell* cells = nullptr;
  uint64_t count = 0;
  uint32_t granule = 1;
};

// ---- accesses of one instruction to one array
struct Request {          // what a warp asks for at once
  uint32_t lanes;
  uint64_t address[WARP];
};
struct LaneCount {
  uint32_t epoch, count;
};
struct Site {
  Traffic traffic;
  std::vector<LaneCount> counts;               // by thread: executions since the last barrier
  std::vector<std::vector<Request>> requests;  // by warp, then execution
};

struct Recent {           // the site that an instruction had last
  uint64_t key = 0;
  uint32_t site = 0;
};

struct Machine {
  std::vector<Region> regions;
  std::vector<SharedVariable> shared;
  bool record = false, failed = false;
  // memory of one host thread
  uint8_t *thread_storage = nullptr, *dynamic = nullptr;
  uint64_t dynamic_bytes = 0;
  uint8_t* stacks = nullptr;
  uint64_t stack_count = 0;
  // the block that runs
  Context scheduler;
  std::vector<Fiber> fibers;
  Fiber* current = nullptr;
  Index3 block{}, block_extent{}, grid_extent{};
  uint32_t block_linear = 0, threads = 0, launch = 0;
  void (*kernel)(void**) = nullptr;
  void** arguments = nullptr;
  // time: grows at every barrier, block and launch, and never again
  uint32_t epoch = 0, block_epoch = 0, launch_epoch = 0;
  // what was seen
  std::vector<Shadow> region_shadow, shared_shadow;
  std::vector<Site> sites;
  std::unordered_map<uint64_t, uint32_t> site_of;
  Recent recent[256];
  std::vector<Finding> findings;
  std::unordered_map<uint64_t, uint32_t> finding_of;
  std::vector<Traffic> traffic;
  uint32_t last_region = 0, last_shared = 0;

  ~Machine();
};

extern Machine* machine;  // null where no kernel runs

void report(const Finding& finding, uint64_t key);
uint64_t library_offset(const void* where);
void yield_fiber();
void kill_fiber();
uint32_t site_number(const void* where, Space space, uint32_t name, uint32_t bytes, bool store);
void count_request(uint32_t site, uint64_t address);
void end_epoch();
void poison_shared();
bool on_stack(const uint8_t* address);

}  // namespace tdsl_emulator

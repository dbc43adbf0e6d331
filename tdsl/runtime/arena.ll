; Scratch memory kept between calls: in, a number of bytes; out, a block at an address that 64 divides.
;
; Text for Linux on x86-64 and AArch64; runtime/arena.py loads it and decides the cap. Why keep: fresh pages for a 4 MB
; panel in each call made a 9.8 ms matrix product take 13.2 ms (shared/design/research/codegen.md, 1).
;
; Blocks come in classes, four to each power of two from 256 bytes to 2^46, so that at most a fifth of a block is unused.
; For each class there are 64 slots: taking a kept block is an exchange with null, keeping one a compare-and-swap from
; null. There is no list and no lock, so no order of events, and no fork in between, can break it. `kept` counts bytes in
; the slots (a fork may leave it too high by what others were moving: then a little less is kept). When a block would
; exceed the cap, everything kept is given back first: sizes that are no longer asked for do not stay.
;
; A block is preceded by 64 bytes of its own; the first i64 there is its class.

%arena = type { i64, i64, [48 x i8], [160 x [64 x ptr]] }     ; 0 kept, 1 cap, 3 slots; 81984 bytes

declare i32 @posix_memalign(ptr, i64, i64)
declare void @free(ptr)
declare i64 @llvm.ctlz.i64(i64, i1)
declare i64 @llvm.umax.i64(i64, i64)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)

; Class and size of a request: with 2^k the power below it, steps of 2^(k-2). Bytes are in 0..2^46.
define internal { i64, i64 } @class_of(i64 %bytes) nounwind {
  %least = call i64 @llvm.umax.i64(i64 %bytes, i64 256)
  %below = add i64 %least, -1
  %zeros = call i64 @llvm.ctlz.i64(i64 %below, i1 true)
  %power = sub i64 63, %zeros
  %shift = add i64 %power, -2
  %quarter = lshr i64 %below, %shift                         ; 4 to 7
  %steps = add i64 %quarter, 1
  %size = shl i64 %steps, %shift
  %octave = add i64 %power, -7
  %octave.class = shl i64 %octave, 2
  %step = add i64 %quarter, -4
  %class = add i64 %octave.class, %step
  %first = insertvalue { i64, i64 } poison, i64 %class, 0
  %both = insertvalue { i64, i64 } %first, i64 %size, 1
  ret { i64, i64 } %both
}

; Four quarters to an octave: the inverse of class_of.
define internal i64 @size_of(i64 %class) nounwind {
  %octave = lshr i64 %class, 2
  %step = and i64 %class, 3
  %steps = add i64 %step, 5
  %shift = add i64 %octave, 5
  %size = shl i64 %steps, %shift
  ret i64 %size
}

define ptr @tdsl_allocate(ptr %arena, i64 %bytes) nounwind {
entry:
  %possible = icmp ule i64 %bytes, 70368744177664            ; negative numbers are above it
  br i1 %possible, label %look, label %none
look:
  %pair = call { i64, i64 } @class_of(i64 %bytes)
  %class = extractvalue { i64, i64 } %pair, 0
  %size = extractvalue { i64, i64 } %pair, 1
  br label %slot
slot:
  %number = phi i64 [ 0, %look ], [ %number.next, %empty ]
  %place = getelementptr %arena, ptr %arena, i64 0, i32 3, i64 %class, i64 %number
  %seen = load atomic ptr, ptr %place monotonic, align 8
  %free.slot = icmp eq ptr %seen, null
  br i1 %free.slot, label %empty, label %take
take:
  %block = atomicrmw xchg ptr %place, ptr null acquire, align 8
  %lost = icmp eq ptr %block, null
  br i1 %lost, label %empty, label %reuse
reuse:
  atomicrmw sub ptr %arena, i64 %size monotonic, align 8
  ret ptr %block
empty:
  %number.next = add i64 %number, 1
  %more = icmp ult i64 %number.next, 64
  br i1 %more, label %slot, label %fresh
fresh:
  %whole.at = alloca ptr, align 8
  %whole.size = add i64 %size, 64
  %failed = call i32 @posix_memalign(ptr %whole.at, i64 64, i64 %whole.size)
  %ok = icmp eq i32 %failed, 0
  br i1 %ok, label %head, label %none
head:
  %whole = load ptr, ptr %whole.at, align 8
  store i64 %class, ptr %whole, align 8
  %first = getelementptr i8, ptr %whole, i64 64
  ret ptr %first
none:
  ret ptr null
}

define void @tdsl_release(ptr %arena, ptr %block) nounwind {
entry:
  %missing = icmp eq ptr %block, null
  br i1 %missing, label %done, label %count
count:
  %head = getelementptr i8, ptr %block, i64 -64
  %class = load i64, ptr %head, align 8
  %size = call i64 @size_of(i64 %class)
  %before = atomicrmw add ptr %arena, i64 %size monotonic, align 8
  %after = add i64 %before, %size
  %cap.at = getelementptr %arena, ptr %arena, i64 0, i32 1
  %cap = load atomic i64, ptr %cap.at monotonic, align 8
  %full = icmp ugt i64 %after, %cap
  br i1 %full, label %make.room, label %look
make.room:
  call void @tdsl_arena_trim(ptr %arena)
  %now = load atomic i64, ptr %arena monotonic, align 8
  %still.full = icmp ugt i64 %now, %cap
  br i1 %still.full, label %give.back, label %look
look:
  br label %slot
slot:
  %number = phi i64 [ 0, %look ], [ %number.next, %taken ]
  %place = getelementptr %arena, ptr %arena, i64 0, i32 3, i64 %class, i64 %number
  %swap = cmpxchg ptr %place, ptr null, ptr %block release monotonic, align 8
  %kept = extractvalue { ptr, i1 } %swap, 1
  br i1 %kept, label %done, label %taken
taken:
  %number.next = add i64 %number, 1
  %more = icmp ult i64 %number.next, 64
  br i1 %more, label %slot, label %give.back
give.back:
  atomicrmw sub ptr %arena, i64 %size monotonic, align 8
  call void @free(ptr %head)
  br label %done
done:
  ret void
}

; Gives everything kept back to the system; blocks in use are not touched.
define void @tdsl_arena_trim(ptr %arena) nounwind {
entry:
  br label %slot
slot:
  %number = phi i64 [ 0, %entry ], [ %number.next, %next ]
  %place = getelementptr %arena, ptr %arena, i64 0, i32 3, i64 0, i64 %number
  %seen = load atomic ptr, ptr %place monotonic, align 8
  %empty = icmp eq ptr %seen, null
  br i1 %empty, label %next, label %take
take:
  %block = atomicrmw xchg ptr %place, ptr null acquire, align 8
  %lost = icmp eq ptr %block, null
  br i1 %lost, label %next, label %give.back
give.back:
  %head = getelementptr i8, ptr %block, i64 -64
  %class = load i64, ptr %head, align 8
  %size = call i64 @size_of(i64 %class)
  atomicrmw sub ptr %arena, i64 %size monotonic, align 8
  call void @free(ptr %head)
  br label %next
next:
  %number.next = add i64 %number, 1
  %more = icmp ult i64 %number.next, 10240                   ; 160 classes of 64 slots
  br i1 %more, label %slot, label %done
done:
  ret void
}

; An arena that keeps at most %cap bytes; null when there is no memory for it.
define ptr @tdsl_arena_create(i64 %cap) nounwind {
entry:
  %place = alloca ptr, align 8
  %failed = call i32 @posix_memalign(ptr %place, i64 64, i64 81984)
  %ok = icmp eq i32 %failed, 0
  br i1 %ok, label %fill, label %none
fill:
  %arena = load ptr, ptr %place, align 8
  call void @llvm.memset.p0.i64(ptr align 64 %arena, i8 0, i64 81984, i1 false)
  %cap.at = getelementptr %arena, ptr %arena, i64 0, i32 1
  store i64 %cap, ptr %cap.at, align 8
  ret ptr %arena
none:
  ret ptr null
}

; Frees what is kept and the arena; no block may be in use.
define void @tdsl_arena_destroy(ptr %arena) nounwind {
  call void @tdsl_arena_trim(ptr %arena)
  call void @free(ptr %arena)
  ret void
}

; Bytes kept now, for tests and reports.
define i64 @tdsl_arena_kept(ptr %arena) nounwind {
  %kept = load atomic i64, ptr %arena monotonic, align 8
  ret i64 %kept
}

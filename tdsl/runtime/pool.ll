; A fork-join thread pool: in, a task and a count; out, task(ctx, i) has run once for each i in 0..count.
;
; Text for Linux on x86-64 and AArch64; runtime/pool.py fills in ${futex} (the system call's number), ${pause} and
; ${pause.declare} (the spin hint), appends codegen/float_environment.py's functions, and says what the numbers mean.
;
; How a region runs. One word, the gate, says everything that a worker must know at once:
;     bits 63..32 epoch (one more for each region)   bit 31 open   bits 30..0 workers inside
; The caller takes `busy` (no one gets it while a region runs: such a caller, and a task that starts a region of its own,
; runs its tasks itself, one after another), writes task, ctx, count and next, opens the gate under a new epoch, wakes
; sleepers, and claims indices like everybody else: next is the one shared counter. When none is left it closes the gate
; and waits until nobody is inside. A worker enters by compare-and-swap of the whole gate from "open, n inside" to
; "open, n + 1 inside": it is then counted, so the region cannot end under it, and what it reads afterwards belongs to
; this region. A worker that wakes late finds the gate closed and goes back to sleep; nobody waits for it.
;
; Sleeping. Workers sleep on the epoch (the upper half of the gate), the joining caller on the lower half. Who is going
; to sleep says so (sleepers, joining) before looking a last time, and who changes the word looks there afterwards, both
; sequentially consistent: a wake is never lost, and is a system call only when somebody sleeps.
;
; Fork. A child has no workers: each pool on the list forgets them there, and starts new ones with its next region.
;
; Stopping. resize() lowers `want`, turns the epoch with the gate closed and joins the threads above it.

%pool = type { i64, i32, i32, [48 x i8],               ; 0 gate, 1 joining, 2 unused
               i64, [56 x i8],                         ; 4 next
               i32, [60 x i8],                         ; 6 sleepers
               i32, i32, i32, i32, ptr, ptr, i64, ptr, ; 8 busy, 9 want, 10 started, 11 spin, 12 task, 13 ctx, 14 count, 15 younger
               [16 x i8] }                             ; 16 unused; 256 bytes in all
%worker = type { i64, ptr, i32 }                       ; pthread_t, pool, number
; A pool is %pool and behind it one %worker for each thread it may ever have (256 + 1024 * 24 bytes).

@pools = internal global ptr null, align 8             ; the list of all pools, youngest first
@list.lock = internal global i32 0, align 4
@fork.known = internal global i32 0, align 4           ; is after_fork registered?

declare i64 @syscall(i64, ...)
declare i32 @sched_yield()
declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_join(i64, ptr)
declare i32 @pthread_sigmask(i32, ptr, ptr)
declare i32 @__register_atfork(ptr, ptr, ptr, ptr)
declare i32 @posix_memalign(ptr, i64, i64)
declare void @free(ptr)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
${pause.declare}

; --- waiting -----------------------------------------------------------------------------------------------------

define internal void @futex_wait(ptr %word, i32 %expected) nounwind {
  call i64 (i64, ...) @syscall(i64 ${futex}, ptr %word, i64 128, i32 %expected, ptr null, ptr null, i64 0)
  ret void
}

define internal void @futex_wake(ptr %word, i32 %count) nounwind {
  call i64 (i64, ...) @syscall(i64 ${futex}, ptr %word, i64 129, i32 %count, ptr null, ptr null, i64 0)
  ret void
}

define internal void @lock(ptr %word) nounwind {
entry:
  br label %try
try:
  %swap = cmpxchg ptr %word, i32 0, i32 1 acquire monotonic, align 4
  %got = extractvalue { i32, i1 } %swap, 1
  br i1 %got, label %done, label %wait
wait:
  call i32 @sched_yield()
  br label %try
done:
  ret void
}

define internal void @unlock(ptr %word) nounwind {
  store atomic i32 0, ptr %word release, align 4
  ret void
}

; Returns when the epoch may differ from %seen: spins a little, then sleeps.
define internal void @await_epoch(ptr %pool, i32 %seen) nounwind {
entry:
  %epoch = getelementptr i8, ptr %pool, i64 4
  %sleepers = getelementptr %pool, ptr %pool, i64 0, i32 6
  %limit.at = getelementptr %pool, ptr %pool, i64 0, i32 11
  %limit = load atomic i32, ptr %limit.at monotonic, align 4
  br label %look
look:
  %turn = phi i32 [ 0, %entry ], [ %turn.next, %again ]
  %now = load atomic i32, ptr %epoch acquire, align 4
  %same = icmp eq i32 %now, %seen
  br i1 %same, label %still, label %done
still:
  %more = icmp ult i32 %turn, %limit
  br i1 %more, label %again, label %sleep
again:
  ${pause}
  %turn.next = add i32 %turn, 1
  br label %look
sleep:
  atomicrmw add ptr %sleepers, i32 1 seq_cst, align 4
  br label %check
check:
  %last = load atomic i32, ptr %epoch seq_cst, align 4
  %unchanged = icmp eq i32 %last, %seen
  br i1 %unchanged, label %block, label %awake
block:
  call void @futex_wait(ptr %epoch, i32 %seen)
  br label %check
awake:
  atomicrmw sub ptr %sleepers, i32 1 seq_cst, align 4
  br label %done
done:
  ret void
}

; --- workers -----------------------------------------------------------------------------------------------------

; Takes a part of what is left, the smaller the less there is: neighbours stay on one thread, whose results then share
; no cache line with another's, a claim is paid for many indices, and the last ones are single so that all end together.
define internal void @claim_all(ptr %pool, ptr %task, ptr %ctx, i64 %count) nounwind {
entry:
  %next = getelementptr %pool, ptr %pool, i64 0, i32 4
  %want.at = getelementptr %pool, ptr %pool, i64 0, i32 9
  %want = load atomic i32, ptr %want.at monotonic, align 4
  %threads = zext i32 %want to i64
  %parts = shl i64 %threads, 2                         ; a quarter of a thread's share
  %first = load atomic i64, ptr %next monotonic, align 8
  br label %claim
claim:
  %index = phi i64 [ %first, %entry ], [ %found, %again ], [ %now, %run.next ]
  %left = sub i64 %count, %index
  %some = icmp sgt i64 %left, 0
  br i1 %some, label %take, label %done
take:
  %part = udiv i64 %left, %parts
  %single = icmp eq i64 %part, 0
  %size = select i1 %single, i64 1, i64 %part
  %end = add i64 %index, %size
  %swap = cmpxchg weak ptr %next, i64 %index, i64 %end monotonic monotonic, align 8
  %mine = extractvalue { i64, i1 } %swap, 1
  br i1 %mine, label %run, label %again
again:
  %found = extractvalue { i64, i1 } %swap, 0
  br label %claim
run:
  %each = phi i64 [ %index, %take ], [ %each.next, %run ]
  call void %task(ptr %ctx, i64 %each)
  %each.next = add i64 %each, 1
  %more = icmp slt i64 %each.next, %end
  br i1 %more, label %run, label %run.next
run.next:
  %now = load atomic i64, ptr %next monotonic, align 8
  br label %claim
done:
  ret void
}

; The caller is one of `want` threads, so worker %number stays while %number + 1 < want.
define internal i1 @is_surplus(ptr %pool, i32 %number) nounwind {
  %want.at = getelementptr %pool, ptr %pool, i64 0, i32 9
  %want = load atomic i32, ptr %want.at acquire, align 4
  %threads = add i32 %number, 2
  %surplus = icmp sgt i32 %threads, %want
  ret i1 %surplus
}

; Signals that tell of a fault in this very thread stay open; all others are for the threads of the program.
define internal void @block_signals() nounwind {
  %set = alloca [16 x i64], align 8
  call void @llvm.memset.p0.i64(ptr align 8 %set, i8 0, i64 128, i1 false)
  ; all but ILL 4, TRAP 5, ABRT 6, BUS 7, FPE 8, SEGV 11, SYS 31 (signal n is bit n - 1)
  store i64 -1073743097, ptr %set, align 8
  call i32 @pthread_sigmask(i32 0, ptr %set, ptr null)
  ret void
}

define internal ptr @worker(ptr %self) nounwind {
entry:
  call void @block_signals()
  call i64 @tdsl_float_enter()
  %pool.at = getelementptr %worker, ptr %self, i64 0, i32 1
  %pool = load ptr, ptr %pool.at, align 8
  %number.at = getelementptr %worker, ptr %self, i64 0, i32 2
  %number = load i32, ptr %number.at, align 8
  br label %look
look:
  %seen = phi i64 [ -1, %entry ], [ %seen, %sleep ], [ %seen, %enter ], [ %epoch, %is.open ], [ %epoch, %left ]
  %gate = load atomic i64, ptr %pool seq_cst, align 8
  %epoch = lshr i64 %gate, 32
  %old = icmp eq i64 %epoch, %seen
  br i1 %old, label %sleep, label %new
sleep:
  %seen.word = trunc i64 %seen to i32
  call void @await_epoch(ptr %pool, i32 %seen.word)
  br label %look
new:
  %surplus = call i1 @is_surplus(ptr %pool, i32 %number)
  br i1 %surplus, label %exit, label %is.open
is.open:
  %open.bit = and i64 %gate, 2147483648
  %open = icmp ne i64 %open.bit, 0
  br i1 %open, label %enter, label %look
enter:
  %inside = add i64 %gate, 1
  %swap = cmpxchg ptr %pool, i64 %gate, i64 %inside seq_cst seq_cst, align 8
  %entered = extractvalue { i64, i1 } %swap, 1
  br i1 %entered, label %work, label %look
work:
  %task.at = getelementptr %pool, ptr %pool, i64 0, i32 12
  %task = load ptr, ptr %task.at, align 8
  %ctx.at = getelementptr %pool, ptr %pool, i64 0, i32 13
  %ctx = load ptr, ptr %ctx.at, align 8
  %count.at = getelementptr %pool, ptr %pool, i64 0, i32 14
  %count = load i64, ptr %count.at, align 8
  call void @claim_all(ptr %pool, ptr %task, ptr %ctx, i64 %count)
  call void @leave(ptr %pool)
  br label %left
left:
  br label %look
exit:
  ret ptr null
}

; The last to leave a closed gate wakes the caller if it sleeps. The pool outlives this: it is freed after joining.
define internal void @leave(ptr %pool) nounwind {
entry:
  %before = atomicrmw sub ptr %pool, i64 1 seq_cst, align 8
  %low = trunc i64 %before to i32
  %last = icmp eq i32 %low, 1
  br i1 %last, label %look, label %done
look:
  %joining.at = getelementptr %pool, ptr %pool, i64 0, i32 1
  %joining = load atomic i32, ptr %joining.at seq_cst, align 4
  %asleep = icmp ne i32 %joining, 0
  br i1 %asleep, label %wake, label %done
wake:
  call void @futex_wake(ptr %pool, i32 1)
  br label %done
done:
  ret void
}

; Starts what is missing up to `want`; `busy` is held. Where the system gives no more threads, those there are do.
define internal void @start_workers(ptr %pool) nounwind {
entry:
  %want.at = getelementptr %pool, ptr %pool, i64 0, i32 9
  %started.at = getelementptr %pool, ptr %pool, i64 0, i32 10
  br label %more
more:
  %number = load i32, ptr %started.at, align 8
  %want = load i32, ptr %want.at, align 4
  %threads = add i32 %number, 1
  %missing = icmp slt i32 %threads, %want
  br i1 %missing, label %start, label %done
start:
  %place = zext i32 %number to i64
  %workers = getelementptr i8, ptr %pool, i64 256
  %self = getelementptr %worker, ptr %workers, i64 %place
  %pool.at = getelementptr %worker, ptr %self, i64 0, i32 1
  store ptr %pool, ptr %pool.at, align 8
  %number.at = getelementptr %worker, ptr %self, i64 0, i32 2
  store i32 %number, ptr %number.at, align 8
  %failed = call i32 @pthread_create(ptr %self, ptr null, ptr @worker, ptr %self)
  %ok = icmp eq i32 %failed, 0
  br i1 %ok, label %count, label %enough
count:
  store i32 %threads, ptr %started.at, align 8
  br label %more
enough:
  store atomic i32 %threads, ptr %want.at release, align 4
  br label %done
done:
  ret void
}

; --- regions -----------------------------------------------------------------------------------------------------

define void @tdsl_parallel_for(ptr %pool, ptr %task, ptr %ctx, i64 %count) nounwind {
entry:
  %several = icmp sgt i64 %count, 1
  br i1 %several, label %has.threads, label %alone
has.threads:
  %want.at = getelementptr %pool, ptr %pool, i64 0, i32 9
  %want = load atomic i32, ptr %want.at acquire, align 4
  %threaded = icmp sgt i32 %want, 1
  br i1 %threaded, label %take, label %alone
take:
  %busy = getelementptr %pool, ptr %pool, i64 0, i32 8
  %swap = cmpxchg ptr %busy, i32 0, i32 1 acquire monotonic, align 8
  %got = extractvalue { i32, i1 } %swap, 1
  br i1 %got, label %region, label %alone
region:
  call void @start_workers(ptr %pool)
  %task.at = getelementptr %pool, ptr %pool, i64 0, i32 12
  store ptr %task, ptr %task.at, align 8
  %ctx.at = getelementptr %pool, ptr %pool, i64 0, i32 13
  store ptr %ctx, ptr %ctx.at, align 8
  %count.at = getelementptr %pool, ptr %pool, i64 0, i32 14
  store i64 %count, ptr %count.at, align 8
  %next = getelementptr %pool, ptr %pool, i64 0, i32 4
  store atomic i64 0, ptr %next monotonic, align 8
  call void @open_gate(ptr %pool, i64 %count)
  call void @claim_all(ptr %pool, ptr %task, ptr %ctx, i64 %count)
  call void @close_gate(ptr %pool)
  call void @unlock(ptr %busy)
  ret void
alone:
  %some = icmp sgt i64 %count, 0
  br i1 %some, label %each, label %done
each:
  %index = phi i64 [ 0, %alone ], [ %index.next, %each ]
  call void %task(ptr %ctx, i64 %index)
  %index.next = add i64 %index, 1
  %more = icmp slt i64 %index.next, %count
  br i1 %more, label %each, label %done
done:
  ret void
}

; Wakes no more workers than there are indices for.
define internal void @open_gate(ptr %pool, i64 %count) nounwind {
entry:
  %closed = load atomic i64, ptr %pool monotonic, align 8
  %turned = add i64 %closed, 6442450944                ; epoch + 1, open
  store atomic i64 %turned, ptr %pool seq_cst, align 8
  %sleepers.at = getelementptr %pool, ptr %pool, i64 0, i32 6
  %sleepers = load atomic i32, ptr %sleepers.at seq_cst, align 4
  %asleep = icmp sgt i32 %sleepers, 0
  br i1 %asleep, label %wake, label %done
wake:
  %others = add i64 %count, -1
  %many = icmp ugt i64 %others, 1024
  %capped = select i1 %many, i64 1024, i64 %others
  %waking = trunc i64 %capped to i32
  %epoch = getelementptr i8, ptr %pool, i64 4
  call void @futex_wake(ptr %epoch, i32 %waking)
  br label %done
done:
  ret void
}

; Nobody enters any more; returns when nobody is inside. Spins a little: the others are at their last index.
define internal void @close_gate(ptr %pool) nounwind {
entry:
  atomicrmw and ptr %pool, i64 -2147483649 seq_cst, align 8
  %joining = getelementptr %pool, ptr %pool, i64 0, i32 1
  br label %look
look:
  %turn = phi i32 [ 0, %entry ], [ %turn.next, %again ]
  %inside = load atomic i32, ptr %pool acquire, align 8
  %empty = icmp eq i32 %inside, 0
  br i1 %empty, label %done, label %spin
spin:
  %more = icmp ult i32 %turn, ${join.spin}
  br i1 %more, label %again, label %sleep
again:
  ${pause}
  %turn.next = add i32 %turn, 1
  br label %look
sleep:
  store atomic i32 1, ptr %joining seq_cst, align 4
  br label %check
check:
  %still = load atomic i32, ptr %pool seq_cst, align 8
  %gone = icmp eq i32 %still, 0
  br i1 %gone, label %awake, label %block
block:
  call void @futex_wait(ptr %pool, i32 %still)
  br label %check
awake:
  store atomic i32 0, ptr %joining monotonic, align 4
  br label %done
done:
  ret void
}

; --- life --------------------------------------------------------------------------------------------------------

define internal void @after_fork() nounwind {
entry:
  store i32 0, ptr @list.lock, align 4
  %first = load ptr, ptr @pools, align 8
  br label %more
more:
  %pool = phi ptr [ %first, %entry ], [ %younger, %forget ]
  %none = icmp eq ptr %pool, null
  br i1 %none, label %done, label %forget
forget:
  %younger.at = getelementptr %pool, ptr %pool, i64 0, i32 15
  %younger = load ptr, ptr %younger.at, align 8
  store i64 0, ptr %pool, align 8
  %joining = getelementptr %pool, ptr %pool, i64 0, i32 1
  store i32 0, ptr %joining, align 4
  %sleepers = getelementptr %pool, ptr %pool, i64 0, i32 6
  store i32 0, ptr %sleepers, align 4
  %busy = getelementptr %pool, ptr %pool, i64 0, i32 8
  store i32 0, ptr %busy, align 4
  %started = getelementptr %pool, ptr %pool, i64 0, i32 10
  store i32 0, ptr %started, align 4
  br label %more
done:
  ret void
}

; A pool of %threads threads, the caller among them; null when there is no memory for it. Threads start when needed.
define ptr @tdsl_pool_create(i32 %threads, i32 %spin) nounwind {
entry:
  %place = alloca ptr, align 8
  %failed = call i32 @posix_memalign(ptr %place, i64 64, i64 24832)
  %ok = icmp eq i32 %failed, 0
  br i1 %ok, label %fill, label %none
fill:
  %pool = load ptr, ptr %place, align 8
  call void @llvm.memset.p0.i64(ptr align 64 %pool, i8 0, i64 256, i1 false)
  %want = getelementptr %pool, ptr %pool, i64 0, i32 9
  store i32 %threads, ptr %want, align 4
  %spin.at = getelementptr %pool, ptr %pool, i64 0, i32 11
  store i32 %spin, ptr %spin.at, align 4
  call void @lock(ptr @list.lock)
  %known = load i32, ptr @fork.known, align 4
  %first.time = icmp eq i32 %known, 0
  br i1 %first.time, label %register, label %link
register:
  call i32 @__register_atfork(ptr null, ptr null, ptr @after_fork, ptr null)
  store i32 1, ptr @fork.known, align 4
  br label %link
link:
  %younger = load ptr, ptr @pools, align 8
  %younger.at = getelementptr %pool, ptr %pool, i64 0, i32 15
  store ptr %younger, ptr %younger.at, align 8
  store atomic ptr %pool, ptr @pools release, align 8
  call void @unlock(ptr @list.lock)
  ret ptr %pool
none:
  ret ptr null
}

; Waits for a region that runs. Not from inside a task.
define void @tdsl_pool_resize(ptr %pool, i32 %threads) nounwind {
entry:
  %busy = getelementptr %pool, ptr %pool, i64 0, i32 8
  call void @lock(ptr %busy)
  %want.at = getelementptr %pool, ptr %pool, i64 0, i32 9
  store atomic i32 %threads, ptr %want.at release, align 4
  %started.at = getelementptr %pool, ptr %pool, i64 0, i32 10
  %started = load i32, ptr %started.at, align 8
  %keep = add i32 %threads, -1
  %surplus = icmp sgt i32 %started, %keep
  br i1 %surplus, label %stop, label %done
stop:
  atomicrmw add ptr %pool, i64 4294967296 seq_cst, align 8
  %epoch = getelementptr i8, ptr %pool, i64 4
  call void @futex_wake(ptr %epoch, i32 2147483647)
  %workers = getelementptr i8, ptr %pool, i64 256
  br label %join
join:
  %number = phi i32 [ %keep, %stop ], [ %number.next, %join ]
  %place = zext i32 %number to i64
  %self = getelementptr %worker, ptr %workers, i64 %place
  %thread = load i64, ptr %self, align 8
  call i32 @pthread_join(i64 %thread, ptr null)
  %number.next = add i32 %number, 1
  %more = icmp slt i32 %number.next, %started
  br i1 %more, label %join, label %joined
joined:
  store i32 %keep, ptr %started.at, align 8
  br label %done
done:
  call void @unlock(ptr %busy)
  ret void
}

; Joins the workers and frees the pool; nobody may use it any more.
define void @tdsl_pool_destroy(ptr %pool) nounwind {
entry:
  call void @tdsl_pool_resize(ptr %pool, i32 1)
  call void @lock(ptr @list.lock)
  br label %look
look:
  %link = phi ptr [ @pools, %entry ], [ %link.next, %other ]
  %there = load ptr, ptr %link, align 8
  %found = icmp eq ptr %there, %pool
  br i1 %found, label %unlink, label %other
other:
  %link.next = getelementptr %pool, ptr %there, i64 0, i32 15
  br label %look
unlink:
  %younger.at = getelementptr %pool, ptr %pool, i64 0, i32 15
  %younger = load ptr, ptr %younger.at, align 8
  store atomic ptr %younger, ptr %link release, align 8
  call void @unlock(ptr @list.lock)
  call void @free(ptr %pool)
  ret void
}

; How many workers run, for tests and reports.
define i32 @tdsl_pool_workers(ptr %pool) nounwind {
  %started.at = getelementptr %pool, ptr %pool, i64 0, i32 10
  %started = load atomic i32, ptr %started.at acquire, align 8
  ret i32 %started
}

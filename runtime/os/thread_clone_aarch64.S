// HeddleClone for aarch64: see clone_ops.cc.
//
// long HeddleClone(flags x0, stack_hi x1, parent_tid x2, child_tid x3,
//                  tp x4, arg x5)
//
// The kernel wants tp in x3 and child_tid in x4, the other way round. The
// child has a copy of the registers, so `arg` reaches it in x5; svc keeps all
// but x0. Its stack starts, 16-aligned and empty, at stack_hi.

// On both architectures: an empty file needs the mark too.
#include "heddle/runtime/base/branch_protection.h"

#if defined(__aarch64__)

#include <sys/syscall.h>

        .text
        .globl  HeddleClone
        .hidden HeddleClone
        .type   HeddleClone, %function
        .p2align 4
HeddleClone:
        .cfi_startproc
        HEDDLE_LANDING
        mov     x6, x3
        mov     x3, x4
        mov     x4, x6
        mov     x8, #SYS_clone
        svc     #0
        cbz     x0, 1f
        ret                             // the parent: tid or -errno
        .cfi_endproc

        // A description of its own: the child has no caller.
        .cfi_startproc
        .cfi_undefined x30
1:      mov     x29, xzr                // frame-pointer walkers end
        mov     x30, xzr
        mov     x0, x5
        bl      HeddleCloneMain
        brk     #1
        .cfi_endproc
        .size   HeddleClone, .-HeddleClone

#endif

        .section .note.GNU-stack, "", %progbits

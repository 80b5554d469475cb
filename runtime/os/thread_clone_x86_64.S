// HeddleClone for x86-64: see clone_ops.cc.
//
// long HeddleClone(flags rdi, stack_hi rsi, parent_tid rdx, child_tid rcx,
//                  tp r8, arg r9)
//
// The child has a copy of the registers, so `arg` reaches it in r9, which
// syscall(2) keeps (it destroys rax, rcx and r11). The child's stack:
//
//   rsi = stack_hi, 16-aligned; the call pushes the address that
//   HeddleCloneMain never returns to; rip is undefined in the CFI there, so
//   that unwinders end.

// On both architectures: an empty file needs the mark too.
#include "heddle/runtime/base/branch_protection.h"

#if defined(__x86_64__)

#include <sys/syscall.h>

        .text
        .globl  HeddleClone
        .hidden HeddleClone
        .type   HeddleClone, @function
        .p2align 4
HeddleClone:
        .cfi_startproc
        HEDDLE_LANDING
        movq    %rcx, %r10              // the kernel's place for child_tid
        movl    $SYS_clone, %eax
        syscall
        testq   %rax, %rax
        jz      1f
        ret                             // the parent: tid or -errno
        .cfi_endproc

        // A description of its own: the child has no caller.
        .cfi_startproc
        .cfi_undefined rip
1:      xorl    %ebp, %ebp              // frame-pointer walkers end
        movq    %r9, %rdi
        call    HeddleCloneMain
        ud2
        .cfi_endproc
        .size   HeddleClone, .-HeddleClone

#endif

        .section .note.GNU-stack, "", %progbits

// For assembly files: marks them as safe for a processor that checks where
// indirect jumps and calls land, if the compiler was asked for it
// (-fcf-protection on x86-64, -mbranch-protection on aarch64). The linker marks
// a program only if all its files have the mark, so one file without it takes
// the protection from the whole program.
//
// To include it marks the file. HEDDLE_LANDING is the instruction that an
// indirect jump or call may land on: each function of the file begins with it,
// as a call through the PLT is indirect. A jump to a return address lands on
// none: HEDDLE_JUMP_BACK is a jump that is not checked.
//
// Not marked: shadow stacks (SHSTK on x86-64, GCS on aarch64), as a context
// switch returns to addresses that another stack's shadow has, and signed
// return addresses (PAC), as nothing here signs any. Without the mark of one
// file the program runs with no shadow stack.

#ifndef RUNTIME_BASE_BRANCH_PROTECTION_H_
#define RUNTIME_BASE_BRANCH_PROTECTION_H_

// It is assembly.
// clang-format off

#if defined(__x86_64__)

#define HEDDLE_PROPERTY_TYPE 0xc0000002  // GNU_PROPERTY_X86_FEATURE_1_AND
#if defined(__CET__) && (__CET__ & 1) != 0
#define HEDDLE_PROPERTIES 1  // IBT
#define HEDDLE_LANDING endbr64
#define HEDDLE_JUMP_BACK(reg) notrack jmpq *reg
#else
#define HEDDLE_LANDING
#define HEDDLE_JUMP_BACK(reg) jmpq *reg
#endif

#elif defined(__aarch64__)

#define HEDDLE_PROPERTY_TYPE 0xc0000000  // GNU_PROPERTY_AARCH64_FEATURE_1_AND
#if defined(__ARM_FEATURE_BTI_DEFAULT)
#define HEDDLE_PROPERTIES 1       // BTI
#define HEDDLE_LANDING hint #34  // bti c, which old assemblers do not know
#define HEDDLE_JUMP_BACK(reg) ret reg
#else
#define HEDDLE_LANDING
#define HEDDLE_JUMP_BACK(reg) br reg
#endif

#endif

#if defined(HEDDLE_PROPERTIES)
  .pushsection .note.gnu.property, "a"
  .p2align 3
  .long 4   // the size of the name,
  .long 16  // and of what follows it
  .long 5   // NT_GNU_PROPERTY_TYPE_0
  .asciz "GNU"
  .long HEDDLE_PROPERTY_TYPE
  .long 4  // the size of the next
  .long HEDDLE_PROPERTIES
  .long 0  // to a multiple of 8
  .popsection
#endif

// clang-format on

#endif  // RUNTIME_BASE_BRANCH_PROTECTION_H_

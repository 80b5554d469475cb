// HEDDLE_INLINE: of a function that is to be in its caller's code, whatever the
// compiler thinks, as a call of it would be a good part of what it does.
//
// But not without optimisation: each call would then add all of its variables
// to the caller's frame for good, and goroutines' stacks may be small.

#ifndef RUNTIME_BASE_INLINE_H_
#define RUNTIME_BASE_INLINE_H_

#ifdef __OPTIMIZE__
#define HEDDLE_INLINE [[gnu::always_inline]] inline
#else
#define HEDDLE_INLINE inline
#endif

#endif  // RUNTIME_BASE_INLINE_H_

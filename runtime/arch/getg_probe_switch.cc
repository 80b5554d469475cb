// A call that could change threads, as far as a compiler may know.

extern "C" [[gnu::noinline]] void opaque_switch() { asm volatile("nop"); }

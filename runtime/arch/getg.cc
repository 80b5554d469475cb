// The variables behind GetG and GetM. No header declares them: see getg.h.
//
// `used`, and never compiled for link-time optimisation (BUILD.bazel): the
// optimiser does not see the references in asm statements and would drop or
// rename them.

extern "C" {
[[gnu::used, gnu::tls_model("initial-exec"),
  gnu::visibility("default")]] thread_local void* heddle_tls_g = nullptr;
[[gnu::used, gnu::tls_model("initial-exec"),
  gnu::visibility("default")]] thread_local void* heddle_tls_m = nullptr;
}

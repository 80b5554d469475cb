// Runs what getg_probe.cc has: 0 if GetG works in this kind of program.

extern "C" void* probe_fresh();
extern "C" void probe_fresh_set(void* g);
extern "C" void* probe_hoisted();

int main() {
  int g;
  if (probe_fresh() != nullptr) return 1;
  probe_fresh_set(&g);
  if (probe_fresh() != &g) return 2;
  if (probe_hoisted() != nullptr) return 3;
  return 0;
}

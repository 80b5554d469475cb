// A channel between plain threads: no runtime is made.

#include "heddle/runtime/chan/chan.h"

#include <string>
#include <thread>

#include "expect.h"

int main() {
  const heddle::Chan<std::string> lines;
  std::thread sender([lines] {
    for (int i = 0; i < 3; ++i) lines.Send(std::to_string(i));
    lines.Close();
  });
  std::string all;
  for (const std::string& line : lines) all += line;
  sender.join();
  EXPECT(all == "012");
  EXPECT(lines.closed());
}

// ClosedChannel: what a send to a closed channel throws, or closing one twice.

#ifndef RUNTIME_CHAN_CLOSED_CHANNEL_H_
#define RUNTIME_CHAN_CLOSED_CHANNEL_H_

#include <stdexcept>

#include "heddle/runtime/base/cxx20.h"

namespace heddle {

// what() is Go's text: "send on closed channel", "close of closed channel",
// "close of nil channel". Uncaught, it ends the process with "panic: " and
// that.
class ClosedChannel : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace heddle

#endif  // RUNTIME_CHAN_CLOSED_CHANNEL_H_

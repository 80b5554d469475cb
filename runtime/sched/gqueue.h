// GQueue: an intrusive list of goroutines, linked through schedlink; first in,
// first out, with a stack's end. (Go's gQueue)
//
// A node is on one list at most: it has one link. Not synchronised: whoever
// owns the list (a P, or the holder of sched.lock) owns the links of the nodes
// on it. Allocates nothing.
//
// A template over the node so that it is tested and used without a scheduler;
// the scheduler's node is G.

#ifndef RUNTIME_SCHED_GQUEUE_H_
#define RUNTIME_SCHED_GQUEUE_H_

namespace heddle::sched {

// T has a member `schedlink`, a pointer to T or to a base of it.
template <typename T>
class GQueue {
 public:
  bool empty() const { return head_ == nullptr; }

  // Adds gp at the head: it is the next that Pop returns.
  void Push(T* gp) {
    gp->schedlink = head_;
    head_ = gp;
    if (tail_ == nullptr) tail_ = gp;
  }

  // Adds gp at the tail.
  void PushBack(T* gp) {
    gp->schedlink = nullptr;
    if (tail_ != nullptr) {
      tail_->schedlink = gp;
    } else {
      head_ = gp;
    }
    tail_ = gp;
  }

  // Moves all of `other` to the tail, in order. `other` is empty afterwards.
  void PushBackAll(GQueue* other) {
    if (other->tail_ == nullptr) return;
    if (tail_ != nullptr) {
      tail_->schedlink = other->head_;
    } else {
      head_ = other->head_;
    }
    tail_ = other->tail_;
    *other = GQueue();
  }

  // Takes the head; null when empty.
  T* Pop() {
    T* gp = head_;
    if (gp == nullptr) return nullptr;
    head_ = static_cast<T*>(gp->schedlink);
    if (head_ == nullptr) tail_ = nullptr;
    gp->schedlink = nullptr;
    return gp;
  }

  // The head, which stays; null when empty.
  T* front() const { return head_; }

  // Takes all.
  GQueue PopAll() {
    GQueue all = *this;
    *this = GQueue();
    return all;
  }

 private:
  T* head_ = nullptr;
  T* tail_ = nullptr;
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_GQUEUE_H_

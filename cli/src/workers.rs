//! Work on many things at once, with results in order.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::{Condvar, Mutex, PoisonError, mpsc};
use std::thread;

/// Results that wait for an earlier one, for each worker: more would only take memory.
const WAITING: usize = 2;

/// Progress of the work.
#[derive(Default)]
struct Queue {
    /// The next thing to begin.
    next: usize,
    /// Number of results taken.
    taken: usize,
    stopped: bool,
}

/// Does `work` for the numbers below `count` on `jobs` threads, and gives the results to `take` in
/// order of the numbers, on this thread. No work runs further ahead of what was taken than
/// [`WAITING`] results for each worker. If `take` fails, work that has not begun is left out.
pub(crate) fn in_order<R: Send, E>(
    count: usize,
    jobs: NonZero<usize>,
    work: impl Fn(usize) -> R + Sync,
    mut take: impl FnMut(usize, R) -> Result<(), E>,
) -> Result<(), E> {
    let state = Mutex::new(Queue::default());
    let changed = Condvar::new();
    let change = |change: &dyn Fn(&mut Queue)| {
        change(&mut state.lock().unwrap_or_else(PoisonError::into_inner));
        changed.notify_all();
    };
    let ahead = jobs.get() * WAITING;
    let next = || {
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = |state: &mut Queue| {
            !state.stopped && state.next < count && state.next >= state.taken + ahead
        };
        let mut state = changed
            .wait_while(state, waits)
            .unwrap_or_else(PoisonError::into_inner);
        let number = state.next;
        (!state.stopped && number < count).then(|| {
            state.next += 1;
            number
        })
    };
    thread::scope(|scope| {
        // Whatever ends this function, also a panic, ends the workers.
        let _stop = OnDrop(|| change(&|state| state.stopped = true));
        let (results, arrived) = mpsc::channel();
        for _ in 0..jobs.get().min(count) {
            let (results, work, next, change) = (results.clone(), &work, &next, &change);
            scope.spawn(move || {
                // When one worker is done, all have begun what there is; where it panics, the
                // others need not go on.
                let _stop = OnDrop(|| change(&|state| state.stopped = true));
                while let Some(number) = next() {
                    if results.send((number, work(number))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(results);
        let mut waiting = BTreeMap::new();
        for number in 0..count {
            let result = loop {
                if let Some(result) = waiting.remove(&number) {
                    break result;
                }
                // A worker that panics sends nothing any more, and the scope passes its panic on.
                let Ok((number, result)) = arrived.recv() else {
                    return Ok(());
                };
                waiting.insert(number, result);
            };
            take(number, result)?;
            change(&|state| state.taken = number + 1);
        }
        Ok(())
    })
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    const JOBS: NonZero<usize> = NonZero::new(3).unwrap();

    #[test]
    fn results_come_in_order_whoever_is_first() {
        let mut taken = Vec::new();
        let work = |number: usize| {
            thread::sleep(Duration::from_millis(if number.is_multiple_of(3) {
                3
            } else {
                0
            }));
            number * number
        };
        let all = in_order(20, JOBS, work, |number, result| {
            taken.push((number, result));
            Ok::<_, ()>(())
        });
        assert_eq!(all, Ok(()));
        assert_eq!(
            taken,
            (0..20)
                .map(|number| (number, number * number))
                .collect::<Vec<_>>()
        );
        assert_eq!(in_order(0, JOBS, |_| (), |_, ()| Err(())), Ok(()));
    }

    #[test]
    fn nobody_runs_far_ahead() {
        let (begun, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = |number: usize| {
            let ahead = begun.fetch_add(1, Ordering::SeqCst) + 1 - taken.load(Ordering::SeqCst);
            if number == 0 {
                thread::sleep(Duration::from_millis(50));
            }
            ahead
        };
        let all = in_order(100, JOBS, work, |_, ahead| {
            // One more may begin between its being taken and our counting it.
            assert!(ahead <= JOBS.get() * WAITING + 1, "{ahead}");
            taken.fetch_add(1, Ordering::SeqCst);
            Ok::<_, ()>(())
        });
        assert_eq!(all, Ok(()));
    }

    #[test]
    fn a_failure_ends_it() {
        let begun = AtomicUsize::new(0);
        let work = |number| {
            begun.fetch_add(1, Ordering::SeqCst);
            number
        };
        let failed = in_order(1000, JOBS, work, |number, _| {
            if number == 5 { Err("full") } else { Ok(()) }
        });
        assert_eq!(failed, Err("full"));
        assert!(begun.into_inner() < 20);
    }

    #[test]
    #[should_panic(expected = "scoped thread panicked")]
    fn a_panic_is_passed_on() {
        let work = |number: usize| assert!(number != 5, "a defect");
        let _ = in_order(1000, JOBS, work, |_, ()| Ok::<_, ()>(()));
    }
}

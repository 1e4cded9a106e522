//! `make prove`: planning needs the memory of one page, however many dossiers there are. This test has a process of its own,
//! because the peak of its heap is measured.

use peak_alloc::PeakAlloc;
use simulation::fault::Faults;
use simulation::promises::in_virtual_time;
use simulation::proof::figure;
use simulation::scenario::evening_of;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

#[test]
#[ignore = "half a minute: make prove"]
fn planning_takes_the_memory_of_a_page_not_of_a_province() {
    in_virtual_time(async {
        let mut took = Vec::new();
        for due in [1_000, 100_000] {
            let mut stack = evening_of(due, Faults::none(), 10).await;
            stack.notice_config.window = "07:00-08:00".parse().expect("closed: planned only");
            // Once before, so that the world has its rows; the second pass adds none, and its memory is the function's
            // own.
            stack.plan(stack.world.now()).await.expect("it ran");
            HEAP.reset_peak_usage();
            let before = HEAP.current_usage_as_kb();
            let plan = stack.plan(stack.world.now()).await.expect("it ran");
            assert_eq!(plan.already_planned, due as u64);
            took.push(HEAP.peak_usage_as_kb() - before);
        }
        figure("heap at once to plan 1,000 and 100,000 apologies", format!("{:.0} and {:.0} kB", took[0], took[1]));
        assert!(took[1] <= 2.0 * took[0], "{took:?} kB");
    });
}

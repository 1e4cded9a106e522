//! The world in memory has the guarantees that the adapters have on DynamoDB.

use std::sync::Arc;

use simulation::fault::Faults;
use simulation::ports::SimulatedPorts;
use simulation::promises::{
    in_virtual_time, of_a_delivery_store, of_a_dossier_store, of_a_notice_history, of_a_rate_counter,
    of_a_sending_hold, of_an_edited_row, of_an_inquiry_log, of_an_outbox, of_an_unreadable_row, some_code,
};
use simulation::world::World;

fn ports() -> SimulatedPorts {
    let began = "2026-11-24T05:00:00Z".parse().expect("a time");
    SimulatedPorts::new(Arc::new(World::at(began)), Arc::new(Faults::none()))
}

#[test]
fn the_outbox_in_memory_keeps_its_promises() {
    in_virtual_time(async { of_an_outbox(&ports(), &some_code(1)).await });
}

#[test]
fn the_dossiers_in_memory_keep_their_promises() {
    in_virtual_time(async { of_a_dossier_store(&ports(), &some_code(1)).await });
}

#[test]
fn rows_edited_by_hand_in_memory_keep_their_promises() {
    in_virtual_time(async {
        let ports = ports();
        of_an_edited_row(&ports, &some_code(2), async |id, state| ports.world.edit_state(id, state)).await;
        of_an_unreadable_row(&ports, &some_code(3), async |code, revision| {
            ports.world.write_unreadable(code, revision);
        })
        .await;
    });
}

#[test]
fn the_inquiries_in_memory_keep_their_promises() {
    in_virtual_time(async { of_an_inquiry_log(&ports(), 1).await });
}

#[test]
fn the_rate_counter_in_memory_keeps_its_promises() {
    in_virtual_time(async { of_a_rate_counter(&ports()).await });
}

#[test]
fn the_hold_in_memory_keeps_its_promises() {
    in_virtual_time(async { of_a_sending_hold(&ports()).await });
}

#[test]
fn the_deliveries_in_memory_keep_their_promises() {
    in_virtual_time(async {
        let ports = ports();
        of_a_delivery_store(&ports, &ports, &some_code(4)).await;
    });
}

#[test]
fn the_history_in_memory_keeps_its_promises() {
    in_virtual_time(async {
        let ports = ports();
        of_a_notice_history(&ports, &ports, &ports, &some_code(5)).await;
    });
}

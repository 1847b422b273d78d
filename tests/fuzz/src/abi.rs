//! The C ABI: any sequence of calls, with handles and structs right and wrong. No call ends in a
//! panic, outputs are written on success only, frames asked again say the same.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::ptr;

use nflx_ffi::*;

use crate::Input;
use crate::traffic::{Frame, frames};

/// Content of outputs before a call.
const UNTOUCHED: u8 = 0xee;

struct Host {
    config: *mut nflx_config,
    engine: *mut nflx_engine,
    keeps: bool,
    /// By frame number: what was said.
    said: HashMap<u64, Option<nflx_annotation>>,
}

/// Makes calls as a host might.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let split = usize::from(input.u16()) % 512;
    let mut calls = Input::new(input.bytes(split));
    let frames = frames(&mut input);
    let mut frames = frames.iter().cycle().take(frames.len() * 2);
    let mut host = Host {
        config: ptr::null_mut(),
        engine: ptr::null_mut(),
        keeps: false,
        said: HashMap::new(),
    };
    while !calls.is_empty() {
        host.call(&mut calls, &mut frames);
    }
    // SAFETY: handles that came from `_new`, or NULL; freed once.
    unsafe {
        nflx_engine_free(host.engine);
        nflx_config_free(host.config);
    }
}

fn answered(status: nflx_status) -> nflx_status {
    assert!(
        status != NFLX_STATUS_PANIC && status != NFLX_STATUS_POISONED,
        "status {status}"
    );
    // SAFETY: a static string.
    let text = unsafe { CStr::from_ptr(nflx_status_text(status)) };
    assert!(!text.is_empty());
    status
}

/// Calls with an output struct of a size right or wrong, and sees that it is written on success
/// only.
fn output<T: Copy>(size: u32, call: impl FnOnce(*mut T) -> nflx_status) -> Option<T> {
    let mut out = std::mem::MaybeUninit::<T>::uninit();
    let pointer = out.as_mut_ptr();
    // SAFETY: inside of `out`; the struct's first field is its size.
    let before = unsafe {
        pointer.cast::<u8>().write_bytes(UNTOUCHED, size_of::<T>());
        pointer.cast::<u32>().write(size);
        bytes(pointer)
    };
    let status = answered(call(pointer));
    if status == NFLX_STATUS_OK {
        assert_eq!(size as usize, size_of::<T>());
        // SAFETY: written, and of integers and pointers for which all bit patterns are values.
        return Some(unsafe { out.assume_init() });
    }
    // SAFETY: initialised above.
    assert_eq!(
        unsafe { bytes(pointer) },
        before,
        "written although {status}"
    );
    None
}

/// # Safety
/// `pointer` points to an initialised `T`.
unsafe fn bytes<T>(pointer: *const T) -> Vec<u8> {
    // SAFETY: by the contract above.
    unsafe { std::slice::from_raw_parts(pointer.cast(), size_of::<T>()) }.to_vec()
}

impl Host {
    fn call<'a>(&mut self, calls: &mut Input<'_>, frames: &mut impl Iterator<Item = &'a Frame>) {
        let (operation, choice) = (calls.u8(), calls.u8());
        // Rarely a struct that is too small for any version.
        fn size<T>(choice: u8) -> u32 {
            if choice == 0xff {
                8
            } else {
                size_of::<T>() as u32
            }
        }
        let engine = self.engine;
        // SAFETY: handles are NULL or live, structs and strings are valid for each call.
        unsafe {
            match operation % 16 {
                0 => self.new_engine(u32::from(choice & 3)),
                1 => self.settings(calls),
                2..=5 => (0..=choice & 31).for_each(|_| self.packet(frames.next(), choice)),
                6 => {
                    let frame = u64::from(choice) * 2;
                    let said = output(size::<nflx_annotation>(choice), |out| {
                        nflx_engine_frame(engine, frame, out)
                    });
                    let note = output(size::<nflx_note>(choice), |out| {
                        nflx_engine_note(engine, frame, out)
                    });
                    assert_eq!(note.is_some(), said.is_some());
                    if let Some(note) = note {
                        let text: Vec<u8> = note
                            .text
                            .iter()
                            .map(|&byte| byte as u8)
                            .take_while(|&byte| byte != 0)
                            .collect();
                        assert!(text.len() < note.text.len() && text.starts_with(b"nflx: "));
                        assert!(text.iter().all(|byte| matches!(byte, b' '..=b'~')));
                    }
                    let summary = output(size::<nflx_summary>(choice), |out| {
                        nflx_engine_summary(engine, out)
                    });
                    if let Some(summary) = summary {
                        let text: Vec<u8> = summary
                            .text
                            .iter()
                            .map(|&byte| byte as u8)
                            .take_while(|&byte| byte != 0)
                            .collect();
                        // Shorter than its place: nothing was cut.
                        assert!(text.len() + 1 < summary.text.len() && text.starts_with(b"nflx: "));
                        assert!(text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')));
                    }
                    if self.keeps && choice != 0xff {
                        assert_eq!(
                            said,
                            self.said.get(&frame).copied().flatten(),
                            "frame {frame}"
                        );
                    } else {
                        assert_eq!(said, None);
                    }
                }
                7 => _ = answered(nflx_engine_finish(engine)),
                8 => {
                    if answered(nflx_engine_rewind(engine)) == NFLX_STATUS_OK {
                        self.said.clear();
                    }
                }
                9 => {
                    let mut count = 0;
                    let status = answered(nflx_engine_server_count(engine, &raw mut count));
                    for id in 0..=count {
                        let row = output(size::<nflx_server>(choice), |out| {
                            nflx_engine_server(engine, id, out)
                        });
                        let expected = status == NFLX_STATUS_OK && id < count && choice != 0xff;
                        assert_eq!(row.is_some(), expected, "server {id} of {count}");
                        let Some(row) = row else { continue };
                        assert!(row.name.contains(&0) && row.evidence_count > 0);
                        for index in 0..=row.evidence_count {
                            let evidence = output(size::<nflx_evidence>(choice), |out| {
                                nflx_engine_evidence(engine, id, index, out)
                            });
                            assert_eq!(evidence.is_some(), index < row.evidence_count);
                            assert!(evidence.is_none_or(|evidence| evidence.source.contains(&0)));
                        }
                    }
                }
                10 => {
                    let (mut first, mut end) = (0, 0);
                    let _ = answered(nflx_engine_segment_numbers(
                        engine,
                        &raw mut first,
                        &raw mut end,
                    ));
                    assert!(first <= end);
                    for number in first.saturating_sub(1)..=end {
                        let row = output(size::<nflx_segment>(choice), |out| {
                            nflx_engine_segment(engine, number, out)
                        });
                        assert!(row.is_none_or(
                            |row| row.number == number && (first..end).contains(&number)
                        ));
                    }
                }
                11 => {
                    _ = output(size::<nflx_stats>(choice), |out| {
                        nflx_engine_stats(engine, out)
                    })
                }
                12 => {
                    let index = u32::from(choice) % 64;
                    let row = output(size::<nflx_setting>(choice), |out| {
                        nflx_setting_get(index, out)
                    });
                    assert_eq!(
                        row.is_some(),
                        index < nflx_setting_count() && choice != 0xff
                    );
                }
                13 => {
                    for text in [
                        nflx_role_name(u32::from(choice)),
                        nflx_kind_name(u32::from(choice)),
                        nflx_evidence_name(u32::from(choice)),
                        nflx_transport_name(u32::from(choice)),
                        nflx_direction_name(u32::from(choice)),
                        nflx_status_text(i32::from(choice)),
                        nflx_engine_error(engine),
                        nflx_config_error(self.config),
                    ] {
                        assert!(CStr::from_ptr(text).to_str().is_ok());
                    }
                }
                14 => {
                    assert_eq!(
                        nflx_engine_packet(engine, ptr::null(), ptr::null_mut()),
                        NFLX_STATUS_NULL
                    );
                    assert_eq!(
                        nflx_engine_server_count(engine, ptr::null_mut()),
                        NFLX_STATUS_NULL
                    );
                    assert_eq!(
                        nflx_config_set(self.config, ptr::null(), ptr::null()),
                        NFLX_STATUS_NULL
                    );
                    assert_eq!(
                        nflx_engine_new(self.config, 0, ptr::null_mut()),
                        NFLX_STATUS_NULL
                    );
                }
                _ => {
                    nflx_config_free(self.config);
                    self.config = ptr::null_mut();
                }
            }
        }
    }

    fn new_engine(&mut self, flags: u32) {
        let mut engine = ptr::null_mut();
        // SAFETY: the configuration is NULL or live, the output a pointer of ours.
        let status = answered(unsafe { nflx_engine_new(self.config, flags, &raw mut engine) });
        assert_eq!(
            (status == NFLX_STATUS_OK, engine.is_null()),
            (flags < 4, flags >= 4)
        );
        if status == NFLX_STATUS_OK {
            // SAFETY: the engine before, not used again.
            unsafe { nflx_engine_free(self.engine) };
            self.engine = engine;
            self.keeps = flags & NFLX_ENGINE_KEEP_FRAMES != 0;
            self.said.clear();
        }
    }

    fn settings(&mut self, calls: &mut Input<'_>) {
        if self.config.is_null() {
            // SAFETY: the output is a pointer of ours.
            assert_eq!(
                unsafe { nflx_config_new(&raw mut self.config) },
                NFLX_STATUS_OK
            );
        }
        let length = calls.below(32);
        let (index, value) = (calls.u8(), calls.bytes(length));
        let name = nflx_core::Config::SETTINGS
            .get(usize::from(index))
            .map_or("none", |setting| setting.name);
        // Tables stay small: what an input may cost is not what is looked at here.
        let value = if name.starts_with("max_") {
            &b"40"[..]
        } else {
            value
        };
        let value: Vec<u8> = value
            .iter()
            .copied()
            .take_while(|byte| *byte != 0)
            .collect();
        let (name, value) = (
            CString::new(name).expect("no NUL"),
            CString::new(value).expect("no NUL"),
        );
        // SAFETY: a live handle, strings that end in NUL.
        let status =
            answered(unsafe { nflx_config_set(self.config, name.as_ptr(), value.as_ptr()) });
        assert!(matches!(status, NFLX_STATUS_OK | NFLX_STATUS_BAD_VALUE));
        if status != NFLX_STATUS_OK {
            // SAFETY: a live handle.
            assert!(!unsafe { CStr::from_ptr(nflx_config_error(self.config)) }.is_empty());
        }
    }

    fn packet(&mut self, frame: Option<&Frame>, choice: u8) {
        let Some(frame) = frame else { return };
        // Now and then the number of an earlier frame again, or one far off.
        let number = match choice {
            0..=199 => self.said.len() as u64 + 1,
            200..=219 => u64::from(choice - 199),
            _ => u64::from(choice) << 32,
        };
        let packet = nflx_packet {
            struct_size: size_of::<nflx_packet>() as u32,
            link_type: if choice == 250 {
                70_000
            } else {
                u32::from(frame.link_type)
            },
            frame: number,
            seconds: frame.time / 1_000_000_000,
            nanoseconds: (frame.time % 1_000_000_000) as u32,
            original_length: frame.original_length,
            captured_length: frame.data.len() as u64,
            data: frame.data.as_ptr(),
        };
        let mut refused = true;
        let said = output(size_of::<nflx_annotation>() as u32, |out| {
            // SAFETY: the handle is NULL or live, packet and output are valid.
            let status = unsafe { nflx_engine_packet(self.engine, &raw const packet, out) };
            refused = !matches!(status, NFLX_STATUS_OK | NFLX_STATUS_NONE);
            status
        });
        assert_eq!(refused, self.engine.is_null() || choice == 250);
        if !refused {
            self.said.insert(number, said);
        }
    }
}

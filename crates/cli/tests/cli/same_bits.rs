//! The same bytes whatever the threads and the way of reading.

use crate::tool::{echoes_in, noise, npy, piped, with_file};

#[test]
fn threads_and_readings_do_not_show() {
    let bytes = npy(&noise(300_000));
    let directory = with_file("x.npy", &bytes);
    for kernel in ["describe", "quantile --q 0,0.001,0.5", "sum", "zscore"] {
        let run = |how: &str| echoes_in(directory.path(), &format!("{kernel} x.npy --format json {how}")).good();
        let one = run("--threads 1");
        for how in ["--threads 2", "--threads 5", "--io mmap", "--io pread"] {
            assert!(one == run(how), "{kernel} {how}");
        }
        let streamed = piped(&format!("{kernel} - --format json"), &bytes).good();
        assert!(one == streamed.replace("\"standard input\"", "\"x.npy\""), "{kernel} from standard input");
    }
}

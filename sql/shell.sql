-- The flow up to the tables that people ask: .read this from the repository's root.
--   duckdb -cmd "SET VARIABLE dataset = ['data/samples/digits']" -init sql/shell.sql
-- tc-engine runs the same files in the same order.
.read sql/settings.sql
.read sql/macros.sql
.read sql/1_load/traces.sql
.read sql/1_load/events.sql
.read sql/2_derive/trace_bounds.sql
.read sql/2_derive/threads.sql
.read sql/2_derive/context_managers.sql
.read sql/2_derive/contexts.sql
.read sql/2_derive/calls.sql
.read sql/2_derive/functions.sql
.read sql/2_derive/features.sql
.read sql/2_derive/call_arguments.sql
.read sql/2_derive/call_payloads.sql
.read sql/2_derive/argument_leaves.sql
.read sql/2_derive/tensor_properties.sql
.read sql/2_derive/tensor_leaves.sql
.read sql/2_derive/numbered_arguments.sql
.read sql/2_derive/context_vectors.sql
.read sql/2_derive/contained_calls.sql
.read sql/2_derive/fixed_arguments.sql
.read sql/2_derive/function_repeats.sql
.read sql/2_derive/function_pool.sql
.read sql/2_derive/ordered_functions.sql
.read sql/2_derive/last_done.sql
.read sql/2_derive/var_values.sql
.read sql/2_derive/var_runs.sql
.read sql/2_derive/var_changes.sql
.read sql/2_derive/observed_attributes.sql
.read sql/2_derive/contained_changes.sql
.read sql/2_derive/merged_changes.sql
.read sql/2_derive/compared_runs.sql
.read sql/2_derive/run_slices.sql
.read sql/2_derive/state_vectors.sql
.read sql/2_derive/pair_fields.sql
.read sql/2_derive/left_out.sql

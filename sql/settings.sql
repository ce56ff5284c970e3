-- Every setting with its default. Set one before this file is read: SET VARIABLE min_support = 5;
-- The SQL files read a setting with getvariable('name').

-- The runs to look at: a list of trace dataset folders.
SET VARIABLE dataset = coalesce(getvariable('dataset'), []);
-- The programs that these were runs of, in the same order; NULL where nobody knows.
SET VARIABLE programs = CAST(getvariable('programs') AS VARCHAR[]);
-- The Parquet files of these runs; NULL for all that are there.
SET VARIABLE part_files = getvariable('part_files');
-- Fewest positive examples that make a hypothesis worth keeping, and a rule worth checking.
SET VARIABLE min_support = coalesce(getvariable('min_support'), 2);
-- Functions whose name contains one of these make no hypotheses: plumbing that says nothing of training.
SET VARIABLE skip_functions = coalesce(getvariable('skip_functions'), [
    'cuda.is_available', 'torch.get_default_dtype', 'torch._VariableFunctionsClass',
    'torch.nn.modules.module.Module._call_impl', 'torch.nn.modules.module.Module._wrapped_impl',
    'torch.nn.modules.module.Module._wrapped_call_impl', 'torch.cuda._is_compiled',
    'torch.is_grad_enabled', 'torch._ops.OpOverload',
    -- A module looked through or put together; not train, eval, to, load_state_dict.
    'torch.nn.modules.module.Module.named_', 'torch.nn.modules.module.Module.parameters',
    'torch.nn.modules.module.Module.buffers', 'torch.nn.modules.module.Module.children',
    'torch.nn.modules.module.Module.modules', 'torch.nn.modules.module.Module.register_',
    'torch.nn.modules.module.Module.add_module', 'torch.nn.modules.module.Module.get_',
    'torch.nn.modules.module.Module.state_dict', 'torch.nn.modules.module.Module.apply',
    'torch.utils.data._utils', 'torch.distributed.utils._to_kwargs',
    'torch.distributed.utils._recursive_to', 'torch.nn.parallel.scatter_gather._is_namedtuple',
    'torch.nn._reduction', 'torch.nn.functional', 'torch._tensor.Tensor.backward',
    'torch.autograd', 'torch.optim.optimizer.Optimizer._optimizer_step_code',
    'torch.optim.optimizer._get_value', 'torch.overrides', '._', '<locals>'
]);
-- Lead and Cover leave out a function that some thread calls more often than this in a row.
SET VARIABLE max_repeats = coalesce(getvariable('max_repeats'), 2);
-- Contain: how fast the likelihood of a hypothesis grows with positive minus negative examples.
SET VARIABLE merge_scale = coalesce(getvariable('merge_scale'), 0.1);
-- Contain: merge changes to different values if that makes the likelihood this much larger.
SET VARIABLE merge_ratio = coalesce(getvariable('merge_ratio'), 1.3);
-- The search for a precondition may split its examples as often as this.
SET VARIABLE max_splits = coalesce(getvariable('max_splits'), 10000);
-- Consistency: two runs are compared if they overlap by more than this share of their joint span.
SET VARIABLE min_overlap = coalesce(getvariable('min_overlap'), 0.01);
-- Consistency: equal overlapping runs of one pair of variables that make a hypothesis.
SET VARIABLE min_equal_runs = coalesce(getvariable('min_equal_runs'), 2);
-- Consistency: tensors are equal if their norms differ by at most this share; NULL for to the last bit.
SET VARIABLE tolerance = CAST(getvariable('tolerance') AS DOUBLE);
-- Consistency: the only fields a precondition may speak about; NULL for all. Checking sets it.
SET VARIABLE precondition_fields = getvariable('precondition_fields');
-- Arguments and results are looked at of calls of these functions only; NULL for all. Checking sets it.
SET VARIABLE asked_functions = CAST(getvariable('asked_functions') AS VARCHAR[]);
-- The table calls tells where the program called. Inference and checking, which need it not, say no.
SET VARIABLE with_sources = coalesce(getvariable('with_sources'), true);
-- The learner: fields whose values mean nothing to another run, and fields that count something, as
-- regular expressions; and whether a rule may hold in some stages only. Inference sets them.
SET VARIABLE never_literal = getvariable('never_literal');
SET VARIABLE positions = getvariable('positions');
SET VARIABLE by_stage = coalesce(getvariable('by_stage'), false);
-- Make also the hypotheses that hold of one program only, or of any: see docs/findings.md.
SET VARIABLE all_hypotheses = coalesce(getvariable('all_hypotheses'), false);
-- Output: a property that a function returns with more different values than this says nothing.
SET VARIABLE max_output_values = coalesce(getvariable('max_output_values'), 64);
-- Threshold: an output that comes this close to its limit, as a share of it, makes a hypothesis.
SET VARIABLE closeness = coalesce(getvariable('closeness'), 0.2);
-- Distinct_argument leaves out a function that some thread calls more often than this in a row.
SET VARIABLE max_repeats_distinct = coalesce(getvariable('max_repeats_distinct'), 3);
-- Distinct_argument: two lists of integers are the same argument if they share this much.
SET VARIABLE min_shared_integers = coalesce(getvariable('min_shared_integers'), 0.1);
-- Periodic: a value must come back more often than this.
SET VARIABLE min_returns = coalesce(getvariable('min_returns'), 5);
-- Checking: what only one of several programs taught is judged in runs of that program only.
SET VARIABLE scoped = coalesce(getvariable('scoped'), true);
-- Checking: a run is one of a program if it calls this share of the functions that the rules of the
-- program speak of.
SET VARIABLE min_alike = coalesce(getvariable('min_alike'), 0.9);
-- Evidence: into how many shares the steps of a trace are cut to show when a rule was broken.
SET VARIABLE step_bins = coalesce(getvariable('step_bins'), 60);
-- Evidence: the functions of violated invariants, of which it is asked which runs inside which.
SET VARIABLE violated_functions = CAST(getvariable('violated_functions') AS VARCHAR[]);

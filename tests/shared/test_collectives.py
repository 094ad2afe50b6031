from shared.collectives import collectives

TEXT = """\
HloModule jit_step, is_scheduled=true, num_partitions=8

%add (a: f32[], b: f32[]) -> f32[] {
  %a = f32[] parameter(0)
  %b = f32[] parameter(1)
  ROOT %sum = f32[] add(%a, %b)
}

%body.1 (state: (s32[], bf16[4,8])) -> (s32[], bf16[4,8]) {
  %state = (s32[], bf16[4,8]{1,0}) parameter(0)
  %x = bf16[4,8]{1,0} get-tuple-element(%state), index=1
  %all-gather.3 = bf16[4,64]{1,0} all-gather(%x), channel_id=3, replica_groups=[1,8]<=[8], dimensions={1}
  ROOT %tuple = (s32[], bf16[4,8]{1,0}) tuple(%x, %x)
}

%condition.1 (state: (s32[], bf16[4,8])) -> pred[] {
  ROOT %less = pred[] constant(true)
}

ENTRY %main.9_spmd (p: f32[16,2]) -> f32[16,2] {
  %p = f32[16,2]{1,0} parameter(0)
  %loop = (s32[], bf16[4,8]{1,0}) while(%start), condition=%condition.1, body=%body.1, backend_config={"known_trip_count":{"n":"12"}}
  %both = (f32[16,2]{1,0}, f32[3]{0}) all-reduce(%p, %q), channel_id=1, replica_groups={{0,1}}, to_apply=%add
  ROOT %last = f32[16,2]{1,0} all-reduce(%p), channel_id=2, to_apply=%add, metadata={op_name="jit(step)/all-gather(x)"}
}
"""


def test_collectives_are_counted_as_often_as_their_loop_turns():
    assert collectives(TEXT) == {"all-gather": (12, 12 * 4 * 64 * 2), "all-reduce": (2, 4 * (2 * 16 * 2 + 3))}


def test_a_program_of_one_device_has_none():
    assert collectives("ENTRY %main (p: f32[]) -> f32[] {\n  ROOT %p = f32[] parameter(0)\n}\n") == {}

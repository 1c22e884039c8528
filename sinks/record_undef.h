/* record_undef.h - forgets the macros of record.def, so that it can be read again with others. No include
 * guard. */
#undef STRUCT
#undef END
#undef UINT
#undef SINT
#undef BOOL
#undef STR
#undef BIN
#undef STRS
#undef BINS
#undef SUB
#undef LIST
#undef KIND

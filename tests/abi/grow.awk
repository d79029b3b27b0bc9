# grow.awk - two fields more in every struct of a public header that can grow: one takes a reserved
# byte, the other follows them
/^struct vit_[a-z_]+ \{$/ { inside = 1; growable = 0; next_is_first = 1; print; next }
inside && next_is_first && NF { growable = ($1 == "size_t" && $2 == "size;"); next_is_first = 0 }
inside && growable && $3 ~ /^reserved\[/ {
    print "    _Bool flag_of_a_later_version;"
    printf "    unsigned char reserved_before[%d];\n", substr($3, 10) - 1
    print "    size_t field_of_a_later_version;"
    print "    unsigned char reserved[8];"
    next
}
inside && /^\};$/ { inside = 0 }
{ print }

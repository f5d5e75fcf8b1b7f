"""The rules alone, as functions of plain values: policy, distance, ranks, victims, fights, money."""

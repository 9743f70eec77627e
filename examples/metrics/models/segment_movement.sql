select * from main.segment_movement
